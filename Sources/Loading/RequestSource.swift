// SPDX-License-Identifier: Apache-2.0

package import Kexec
import RunningKernel

/// Options and a machine on their way to a request.
package struct RequestSource: Sendable {
  /// What the caller says.
  package let options: RequestOptions
  /// The machine whose facts count, as far as it was read; nil for a tree alone.
  package var machine: MachineSnapshot?

  /// A source of which nothing is read yet.
  package init(_ options: RequestOptions, on machine: MachineSnapshot?) {
    self.options = options
    self.machine = machine
  }

  /// The tree that was named, or the machine's.
  package mutating func tree() throws(KexecError) -> TreeFile {
    if let tree = options.tree { return tree }
    guard let tree = try machine?.readTree(options.treeOrigin) else {
      throw KexecError(.usage, "neither a machine nor a tree is named")
    }
    return tree
  }

  /// The machine's tree, if it is to be merged into the one that was named.
  package mutating func treeToMerge() throws(KexecError) -> TreeFile? {
    options.mergesTree ? try machine?.readTree(options.treeOrigin) : nil
  }

  /// The explicit architecture, or the running kernel's; nil when only a tree can say.
  package mutating func knownArchitecture() throws(KexecError) -> Architecture? {
    if let architecture = options.architecture { return architecture }
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
  ///   - kernel: the architecture of what is started, used when nothing else is known.
  package mutating func architecture(
    of base: TreeFile, or kernel: Architecture? = nil
  ) throws(KexecError) -> Architecture {
    if let known = try knownArchitecture() { return known }
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
    guard var facts = machine else { return MachineSnapshot(pageSize: options.pageSize) }
    if options.pageSize == nil { facts.read(.kernel) }
    try facts.readMemory(for: architecture)
    if let pageSize = options.pageSize { facts.pageSize = pageSize }
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
