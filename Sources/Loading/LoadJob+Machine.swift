// SPDX-License-Identifier: Apache-2.0

import KernelImage
public import Kexec
import PhysicalMemory

// What a job's machine and trees tell: which architecture, which tree, what memory.
extension LoadJob {
  /// The next kernel's architecture: what was said; else the running kernel's, if there is a machine; else
  /// what the tree describes, or the kernel is made for.
  ///
  /// - Throws: ``KexecError`` where nothing tells.
  public func architecture() throws(KexecError) -> Architecture {
    var source = source
    if let told = try source.toldArchitecture() { return told }
    return try architectureAndTree(&source).0
  }

  /// The architecture, and the tree to start from; nil where it takes none, and then none is looked for.
  func architectureAndTree(
    _ source: inout LoadSource
  ) throws(KexecError) -> (Architecture, TreeFile?) {
    if let told = try source.toldArchitecture(), !told.takesTree {
      return (told, try noTree(for: told))
    }
    do throws(KexecError) {
      let base = try source.tree()
      return (try source.architecture(of: base, or: kernelArchitecture), base)
    } catch {
      // Without a tree and without a word of the machine's, the kernel tells.
      guard error.kind == .notOffered, try source.toldArchitecture() == nil,
        let own = kernelArchitecture, !own.takesTree
      else { throw error }
      return (own, try noTree(for: own))
    }
  }

  private var kernelArchitecture: Architecture? {
    (try? kernel.image).flatMap { Architecture($0.machine) }
  }

  /// Refuses a tree that would not be looked at.
  private func noTree(for architecture: Architecture) throws(KexecError) -> TreeFile? {
    if let named = source.namedTree { try LoadSource.refuse(tree: named.name, for: architecture) }
    return nil
  }

  /// What is known about memory: of the machine; without one, what the tree says.
  func memory(
    _ base: TreeFile?, _ source: inout LoadSource, for architecture: Architecture
  ) throws(KexecError) -> MachineSnapshot {
    let facts = try source.facts(for: architecture)
    guard source.machine != nil else { return try facts.with(memoryOf: base) }
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
