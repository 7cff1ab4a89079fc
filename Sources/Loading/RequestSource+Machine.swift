// SPDX-License-Identifier: Apache-2.0

import KernelImage
import Kexec
import PhysicalMemory

// Facts of machine, tree and kernel for a request.
extension RequestSource {
  /// The architecture, and the tree to start from; nil where it takes none, and then none is looked for.
  ///
  /// - Parameter kernel: the architecture of what is started, used when nothing else is known.
  mutating func architectureAndTree(
    or kernel: Architecture?
  ) throws(KexecError) -> (Architecture, TreeFile?) {
    if let known = try knownArchitecture(), !known.takesTree {
      return (known, try noTree(for: known))
    }
    do throws(KexecError) {
      let base = try tree()
      return (try architecture(of: base, or: kernel), base)
    } catch {
      // Without a tree and without the machine's architecture, the kernel's counts.
      guard error.kind == .notOffered, try knownArchitecture() == nil,
        let kernel, !kernel.takesTree
      else { throw error }
      return (kernel, try noTree(for: kernel))
    }
  }

  /// Refuses a tree that would not be looked at.
  private func noTree(for architecture: Architecture) throws(KexecError) -> TreeFile? {
    if let named = options.tree { try Self.refuse(tree: named.name, for: architecture) }
    return nil
  }

  /// The same for a tree that is made without a plan: a machine without one may be one that needs none.
  mutating func treeAndArchitecture() throws(KexecError) -> (TreeFile, Architecture) {
    let base: TreeFile
    do throws(KexecError) {
      base = try tree()
    } catch {
      guard error.kind == .notOffered, let known = try? knownArchitecture(),
        let reason = known.treeRefusal
      else { throw error }
      throw .unsupported(architecture: known, reason: reason)
    }
    return (base, try architecture(of: base))
  }

  /// What is known about memory: of the machine; without one, what the tree says.
  mutating func memory(
    _ base: TreeFile?, for architecture: Architecture
  ) throws(KexecError) -> MachineSnapshot {
    let facts = try facts(for: architecture)
    guard machine != nil else { return try facts.with(memoryOf: base) }
    guard facts.systemRAM == nil else { return facts }
    throw facts.$systemRAM.failure ?? KexecError(.notOffered, "no memory is known")
  }
}

extension MachineSnapshot {
  fileprivate func with(memoryOf base: TreeFile?) throws(KexecError) -> MachineSnapshot {
    guard let base else {
      throw KexecError(.notOffered, "no memory is known", advice: .nameMachine)
    }
    let memory: TreeMemory
    do throws(KexecError) {
      memory = try TreeMemory(of: base.tree)
    } catch {
      throw KexecError(.notOffered, "\(base.name): \(error)", advice: .nameMachine)
    }
    guard !memory.usable.isEmpty else {
      throw KexecError(.notOffered, "\(base.name): tells of no memory", advice: .nameMachine)
    }
    var facts = self
    facts.$systemRAM = Fact(memory.usable.ranges, from: base.name)
    facts.$reserved = Fact(memory.reserved.ranges, from: base.name)
    return facts
  }
}
