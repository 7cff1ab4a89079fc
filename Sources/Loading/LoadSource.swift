// SPDX-License-Identifier: Apache-2.0

package import Kexec
import RunningKernel

/// Where the next kernel's tree, and the facts that go with it, come from: a machine, a tree that was named,
/// or both.
package struct LoadSource: Sendable {
  /// The machine whose facts count, as far as it was read; nil for a tree alone.
  package var machine: MachineSnapshot?
  /// The tree that was named; nil for the machine's.
  package var namedTree: TreeFile?
  /// Whether the tree that was named is completed by the machine's.
  package var mergesTree: Bool
  /// Which of the machine's trees; nil for the better one.
  package var treeOrigin: TreeOrigin?
  /// The architecture, where it was said.
  package var saidArchitecture: Architecture?
  /// Bytes in a page, where that was said.
  package var saidPageSize: UInt64?

  /// A source, as far as options tell of it.
  package init(_ options: PlanOptions, on machine: MachineSnapshot?) {
    self.machine = machine
    namedTree = options.tree
    mergesTree = options.mergesTree
    treeOrigin = options.treeOrigin
    saidArchitecture = options.architecture
    saidPageSize = options.pageSize
  }

  /// The tree that was named, or the machine's.
  package mutating func tree() throws(KexecError) -> TreeFile {
    if let namedTree { return namedTree }
    guard let tree = try machine?.readTree(treeOrigin) else {
      throw KexecError(.usage, "neither a machine nor a tree is named")
    }
    return tree
  }

  /// The machine's tree, if it is to be merged into the one that was named.
  package mutating func treeToMerge() throws(KexecError) -> TreeFile? {
    mergesTree ? try machine?.readTree(treeOrigin) : nil
  }

  /// What was said, or the running kernel's; nil when only a tree can tell.
  package mutating func toldArchitecture() throws(KexecError) -> Architecture? {
    if let saidArchitecture { return saidArchitecture }
    do throws(KexecError) {
      return try machine?.readArchitecture()
    } catch {
      throw error.withRemedy
    }
  }

  /// Refuses a tree that would not be looked at.
  package static func refuse(tree name: String, for architecture: Architecture) throws(KexecError) {
    guard let reason = architecture.treeRefusal else { return }
    throw KexecError(.usage, "\(name): \(architecture): \(reason)")
  }

  /// What was said; else the running kernel's, if there is a machine; else what the tree describes.
  ///
  /// - Parameters:
  ///   - base: the tree.
  ///   - kernel: the architecture of what is started, which tells where nothing else does.
  package mutating func architecture(
    of base: TreeFile, or kernel: Architecture? = nil
  ) throws(KexecError) -> Architecture {
    if let told = try toldArchitecture() { return told }
    guard let described = Architecture(describedBy: base.tree) ?? kernel else {
      throw KexecError(
        .usage, "\(base.name): does not tell its architecture", advice: .nameArchitecture)
    }
    return described
  }

  /// Reads what a core header is made of. powerpc's live tree comes first: it has some of it.
  mutating func readCrashFacts(
    for architecture: Architecture, given: GivenFacts
  ) throws(KexecError) {
    if architecture.prefersLiveTree { machine?.read(.liveTree) }
    try machine?.readCrashFacts(given: given)
  }

  /// What is known about the machine; without one, what was said. Memory that is hidden is no error here.
  ///
  /// - Parameter architecture: the kernels'.
  package mutating func facts(
    for architecture: Architecture
  ) throws(KexecError) -> MachineSnapshot {
    guard var facts = machine else { return MachineSnapshot(pageSize: saidPageSize) }
    if saidPageSize == nil { facts.read(.kernel) }
    try facts.readMemory(for: architecture)
    if let saidPageSize { facts.pageSize = saidPageSize }
    do throws(KexecError) {
      _ = try facts.$pageSize.ifPresent
    } catch {
      throw error.withRemedy
    }
    machine = facts
    return facts
  }
}

extension KexecError {
  /// The same of a fact that the caller can say as well.
  fileprivate var withRemedy: KexecError {
    text.contains("\n") ? self : KexecError(kind, text, advice: .giveArchitectureAndPageSize)
  }
}
