// SPDX-License-Identifier: Apache-2.0

import KernelImage
package import Kexec
import PhysicalMemory
import RunningKernel

/// The options and the machine of a request.
package struct RequestSource: Sendable {
  /// The caller's options.
  package let options: RequestOptions
  /// The machine, as far as it has been read; nil for a tree alone.
  package var machine: MachineSnapshot?

  /// A source of which nothing has been read.
  package init(_ options: RequestOptions, on machine: MachineSnapshot?) {
    self.options = options
    self.machine = machine
  }

  /// The given tree, or the machine's.
  package mutating func tree() throws(KexecError) -> TreeFile {
    if let tree = options.tree { return tree }
    guard let tree = try machine?.readTree(options.treeOrigin) else {
      throw KexecError(.usage, "neither a machine nor a tree is named")
    }
    return tree
  }

  /// The machine's tree, if it is to be merged into the given one.
  package mutating func treeToMerge() throws(KexecError) -> TreeFile? {
    options.mergesTree ? try machine?.readTree(options.treeOrigin) : nil
  }

  /// The explicit architecture, or the running kernel's; nil when only the tree has it.
  package mutating func knownArchitecture() throws(KexecError) -> Architecture? {
    if let architecture = options.architecture { return architecture }
    return try Self.advising { () throws(KexecError) in try machine?.readArchitecture() }
  }

  /// Reads a fact that the caller can give, too, and says so on failure.
  private static func advising<Value>(
    _ read: () throws(KexecError) -> Value
  ) throws(KexecError) -> Value {
    do throws(KexecError) {
      return try read()
    } catch {
      guard error.advice == nil else { throw error }
      throw KexecError(error.kind, error.text, advice: .giveArchitectureAndPageSize)
    }
  }

  /// Refuses a tree for an architecture that takes none.
  package static func refuse(tree name: String, for architecture: Architecture) throws(KexecError) {
    guard let reason = architecture.treeRefusal else { return }
    throw KexecError(.usage, "\(name): \(architecture): \(reason)")
  }

  /// The explicit architecture; else the running kernel's, if there is a machine; else the tree's; else that of
  /// the kernel file.
  package mutating func architecture(
    of base: TreeFile, or kernel: Architecture? = nil
  ) throws(KexecError) -> Architecture {
    if let known = try knownArchitecture() { return known }
    guard let described = Architecture(describedBy: base.tree) ?? kernel else {
      throw KexecError(
        .usage, "\(base.name): cannot tell the architecture from this tree",
        advice: .nameArchitecture)
    }
    return described
  }

  /// Reads the facts for an elfcorehdr, on powerpc from the live tree, too.
  mutating func readCrashFacts(
    for architecture: Architecture, given: GivenFacts
  ) throws(KexecError) {
    if architecture.prefersLiveTree { machine?.read(.liveTree) }
    try machine?.readCrashFacts(given: given)
  }

  /// The facts of the machine; without one, those of the options. Hidden memory is not an error here.
  package mutating func facts(
    for architecture: Architecture
  ) throws(KexecError) -> MachineSnapshot {
    guard var facts = machine else { return MachineSnapshot(pageSize: options.pageSize) }
    if options.pageSize == nil { facts.read(.kernel) }
    try facts.readMemory(for: architecture)
    if let pageSize = options.pageSize { facts.pageSize = pageSize }
    try Self.advising { () throws(KexecError) in _ = try facts.$pageSize.ifPresent }
    machine = facts
    return facts
  }
}

// What tree, machine and kernel file say together.
extension RequestSource {
  /// The architecture, and the tree; nil for an architecture that takes none, and then none is read.
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

  /// Refuses the given tree.
  private func noTree(for architecture: Architecture) throws(KexecError) -> TreeFile? {
    if let named = options.tree { try Self.refuse(tree: named.name, for: architecture) }
    return nil
  }

  /// The same for a tree without a plan, which some architectures do not take.
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

  /// The facts of the machine with its memory; without a machine, the tree's memory.
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
      throw KexecError(.notOffered, "\(base.name): describes no memory", advice: .nameMachine)
    }
    var facts = self
    facts.$systemRAM = Fact(memory.usable.ranges, from: base.name)
    facts.$reserved = Fact(memory.reserved.ranges, from: base.name)
    return facts
  }
}
