// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts
import KexecRules
import PhysicalMemory

/// What the rules are applied to: a tree or a plan, read once, and what is known besides.
final class Reading {
  let subject: KernelRule.Subject
  /// Of the kernel that is started.
  let architecture: Architecture
  /// What it is started for; nil for a tree that was not prepared for a kexec.
  let purpose: Purpose?
  let machine: MachineSnapshot
  /// The tree; nil where there is none.
  let opened: OpenedTree?
  /// What a plan loads.
  let plan: ReadPlan?
  /// What was requested of a tree that was just made.
  let requested: RequestedTree?

  /// A tree; without an architecture, it is what the tree describes.
  init(
    tree blob: [UInt8], for purpose: Purpose?, _ architecture: Architecture?,
    on machine: MachineSnapshot, requesting requested: RequestedTree? = nil
  ) {
    let opened = OpenedTree(blob, architecture)
    (self.opened, self.purpose, self.machine) = (opened, purpose, machine)
    (self.requested, plan) = (requested, nil)
    subject = requested == nil ? .tree : .newTree
    self.architecture = architecture ?? opened.tree?.architecture ?? .other
  }

  /// A plan.
  init(_ plan: ReadPlan, _ architecture: Architecture, on machine: MachineSnapshot) {
    let blob = architecture.takesTree ? plan[.tree]?.content.start : nil
    opened = blob.map { OpenedTree($0, architecture) }
    (self.plan, self.architecture, self.machine) = (plan, architecture, machine)
    (subject, purpose, requested) = (.plan, plan.purpose, nil)
  }

  /// The tree; nil for none, and for one that cannot be read.
  var tree: ReadTree? { opened?.tree }

  /// The running kernel's own tree; where it is not known, the one that is read.
  var liveTree: DeviceTree { machine.liveTree ?? tree?.tree ?? DeviceTree() }

  /// What the next kernel will believe; nil without a tree that can be read, or a command line in its place.
  var view: NextKernelView? {
    tree.map(NextKernelView.init) ?? plan?.line.map { NextKernelView(ofCommandLine: $0.bytes) }
  }
}
