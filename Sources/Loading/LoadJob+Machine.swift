// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF
import KernelImage
public import Kexec
import PhysicalMemory
import RunningKernel

// What a job's machine and trees tell: which architecture, which tree, what memory.
extension LoadJob {
  /// The next kernel's architecture: what was said; else the running kernel's, if there is a machine; else
  /// what the tree describes, or the kernel is made for.
  ///
  /// - Throws: ``KexecError`` where nothing tells.
  public func architecture() throws(KexecError) -> Architecture {
    if let told = try source.toldArchitecture() { return told }
    return try architectureAndTree().0
  }

  /// The architecture, and the tree to start from; nil where it takes none, and then none is looked for.
  func architectureAndTree() throws(KexecError) -> (Architecture, TreeFile?) {
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
    _ base: TreeFile?, _ map: MemoryMap?, _ crash: MachineSnapshot?, for architecture: Architecture
  ) throws(KexecError) -> MachineSnapshot {
    var (facts, missing) = try source.facts(listedIn: map, for: architecture)
    guard let machine = source.machine else { return try facts.with(memoryOf: base) }
    // Until the kernel says so, it is little-endian.
    facts.byteOrder = crash?.byteOrder ?? (try? machine.kernel.core())??.file.byteOrder ?? .little
    guard facts.systemRAM == nil else { return facts }
    throw missing ?? KexecError(.notOffered, "no memory is known")
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
    facts.systemRAM = memory.usable.ranges
    facts.reserved = memory.reserved.ranges
    return facts
  }
}
