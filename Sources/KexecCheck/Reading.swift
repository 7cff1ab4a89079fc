// SPDX-License-Identifier: Apache-2.0

package import DeviceTree
package import KexecFacts
package import KexecRules
package import PhysicalMemory

/// What the rules are applied to: a tree or a plan, read once, and the facts to compare it with.
final class Reading {
  let subject: KernelRule.Subject
  /// The kernel's.
  let architecture: Architecture
  /// What it is started for; nil for a tree that was not prepared for a kexec.
  let purpose: Purpose?
  let machine: MachineSnapshot
  /// The tree; nil for none, and for one that a kernel cannot use.
  let tree: ReadTree?
  /// Why a kernel cannot use the tree: `DeviceTreeError.Code.badCells` for illegal root cells, and as libfdt does.
  let treeError: DeviceTreeError?
  /// What a plan loads.
  let plan: ReadPlan?
  /// What was requested of a tree that was just made.
  let requested: RequestedTree?

  /// A tree; without an architecture, it is what the tree describes.
  init(
    tree blob: [UInt8], for purpose: Purpose?, _ architecture: Architecture?,
    on machine: borrowing MachineSnapshot, requesting requested: RequestedTree? = nil
  ) {
    (tree, treeError) = ReadTree.opened(blob, for: architecture, isOwn: requested != nil)
    (self.purpose, self.machine, self.requested, plan) = (purpose, copy machine, requested, nil)
    subject = requested == nil ? .tree : .newTree
    self.architecture = architecture ?? tree?.architecture ?? .other
  }

  init(_ plan: ReadPlan, _ architecture: Architecture, on machine: MachineSnapshot) {
    let blob = architecture.takesTree ? plan[.tree]?.content.start : nil
    (tree, treeError) = blob.map { ReadTree.opened($0, for: architecture) } ?? (nil, nil)
    (self.plan, self.architecture, self.machine) = (plan, architecture, machine)
    (subject, purpose, requested) = (.plan, plan.purpose, nil)
  }

  /// What rules apply to it.
  var scope: KernelRule.Scope { KernelRule.Scope(subject, purpose) }

  /// The running kernel's own tree; where it is not known, the one that is read.
  var liveTree: DeviceTree { machine.liveTree ?? tree?.tree ?? DeviceTree() }

  /// What the next kernel will read; nil without a tree that can be read, or a command line in its place.
  var view: NextKernelView? {
    tree.map(NextKernelView.init) ?? plan?.line.map { NextKernelView(ofCommandLine: $0.bytes) }
  }
}

/// What was requested of a tree: a finished one must say exactly this.
package final class RequestedTree {
  /// The command line, without its NUL; nil for none.
  let commandLine: [UInt8]?
  let initrd: PhysicalRange?
  let crash: CrashHandover?
  /// The memory that other properties of `/chosen` name.
  let buffers: [PlacedInput]
  let seeds: Seeds
  /// All of the reservation block.
  let reservations: [AddressAndSize]
  /// The properties of `/chosen` that are written or removed; all other ones stay as they are.
  let written: [String]
  /// The tree as it came.
  let base: DeviceTree
  /// The tree with the caller's edits and the architecture's fixups.
  let edited: DeviceTree
  /// The properties of its `/chosen`.
  let chosen: [Property]

  package init(
    commandLine: [UInt8]?, initrd: PhysicalRange?, crash: CrashHandover?, buffers: [PlacedInput],
    seeds: Seeds, reservations: [AddressAndSize], written: [String], base: DeviceTree,
    edited: DeviceTree, chosen: [Property]
  ) {
    (self.commandLine, self.initrd, self.crash) = (commandLine, initrd, crash)
    (self.buffers, self.seeds, self.reservations) = (buffers, seeds, reservations)
    (self.written, self.base, self.edited, self.chosen) = (written, base, edited, chosen)
  }

  /// What is wrong with a finished tree; nothing when the next kernel may have it.
  package func findings(
    in blob: [UInt8], for purpose: Purpose, _ architecture: Architecture,
    on machine: MachineSnapshot
  ) -> [Finding] {
    KernelRule.findings(
      in: Reading(tree: blob, for: purpose, architecture, on: machine, requesting: self))
  }
}
