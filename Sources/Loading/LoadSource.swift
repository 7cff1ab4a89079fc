// SPDX-License-Identifier: Apache-2.0

package import Kexec
package import RunningKernel

/// Where the next kernel's tree, and the facts that go with it, come from: a machine, a tree that was named,
/// or both.
package struct LoadSource: Sendable {
  /// The machine whose facts count; nil for a tree alone.
  package var machine: SourceMachine?
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
  package init(_ options: PlanOptions, on machine: SourceMachine?) {
    self.machine = machine
    namedTree = options.tree
    mergesTree = options.mergesTree
    treeOrigin = options.treeOrigin
    saidArchitecture = options.architecture
    saidPageSize = options.pageSize
  }

  /// The tree that was named, or the machine's.
  package func tree() throws(KexecError) -> TreeFile {
    if let namedTree { return namedTree }
    guard let machine else { throw KexecError(.usage, "neither a machine nor a tree is named") }
    return try machine.tree(treeOrigin)
  }

  /// The machine's tree, if it is to be merged into the one that was named.
  package func treeToMerge() throws(KexecError) -> TreeFile? {
    mergesTree ? try machine?.tree(treeOrigin) : nil
  }

  /// What was said, or the running kernel's; nil when only a tree can tell.
  package func toldArchitecture() throws(KexecError) -> Architecture? {
    if let saidArchitecture { return saidArchitecture }
    return try machine?.withRemedy { machine throws(KexecError) in try machine.architecture() }
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
  package func architecture(
    of base: TreeFile, or kernel: Architecture? = nil
  ) throws(KexecError) -> Architecture {
    if let told = try toldArchitecture() { return told }
    guard let described = Architecture(describedBy: base.tree) ?? kernel else {
      throw KexecError(
        .usage, "\(base.name): does not tell its architecture", advice: .nameArchitecture)
    }
    return described
  }

  /// What is known about the machine, and why its memory is not; without a machine, what was said.
  ///
  /// - Parameters:
  ///   - map: the machine's `/proc/iomem`.
  ///   - architecture: the kernels'.
  package func facts(
    listedIn map: MemoryMap?, for architecture: Architecture
  ) throws(KexecError) -> (facts: MachineSnapshot, missing: KexecError?) {
    guard let machine else { return (MachineSnapshot(pageSize: saidPageSize), nil) }
    var pageSize = saidPageSize
    if pageSize == nil {
      pageSize = try machine.withRemedy { machine throws(KexecError) in try machine.pageSize() }
    }
    return try machine.facts(listedIn: map, pageSize: pageSize, for: architecture)
  }
}

extension SourceMachine {
  /// A fact that the caller can say as well.
  fileprivate func withRemedy<Value>(
    _ read: (SourceMachine) throws(KexecError) -> Value
  ) throws(KexecError) -> Value {
    do throws(KexecError) {
      return try read(self)
    } catch {
      guard !error.text.contains("\n") else { throw error }
      throw KexecError(error.kind, error.text, advice: .giveArchitectureAndPageSize)
    }
  }
}
