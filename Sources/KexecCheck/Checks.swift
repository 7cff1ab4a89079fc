// SPDX-License-Identifier: Apache-2.0

public import CrashCore
public import KexecFacts
public import KexecRules

/// A finished tree, read as the kernel reads it that is started with it.
///
/// A tree alone does not say what is loaded: ``PlanCheck`` compares it with the rest of a plan.
public struct TreeCheck: Sendable {
  /// What the kernel would refuse, ignore or misread, and what would spoil the kexec or the dump.
  public let findings: [Finding]
  /// What the kernel will read; nil for a tree that cannot be read.
  public let view: NextKernelView?

  /// Checks a tree.
  ///
  /// - Parameters:
  ///   - blob: the tree, as it is handed over.
  ///   - purpose: what it is for; nil for a tree that was not prepared for a kexec, such as a board's.
  ///   - architecture: of the kernel; without it, what the tree describes.
  ///   - machine: what is known about the machine it is for; without facts, the tree is checked alone.
  public init(
    of blob: [UInt8], for purpose: Purpose?, on machine: MachineSnapshot = .init(),
    architecture: Architecture? = nil
  ) {
    let reading = Reading(tree: blob, for: purpose, architecture, on: machine)
    findings = KernelRule.findings(in: reading)
    view = reading.view
  }
}

/// A plan that was read from a folder, checked as the two kernels read it: the running one, which loads it,
/// and the next one, which trusts it.
///
/// An entry that is not a trampoline of this package is a finding: what it does is not known.
public struct PlanCheck: Sendable {
  /// What is wrong.
  public let findings: [Finding]
  /// What the next kernel will read; nil without a tree that can be read, or a command line in its
  /// place.
  public let view: NextKernelView?

  /// Checks a plan.
  ///
  /// - Parameters:
  ///   - contents: the files of the manifest.
  ///   - machine: what is known about the machine it is for; without facts, the plan is checked alone.
  ///   - core: what the machine's core header has to fit; nil when that was checked elsewhere.
  public init(
    of manifest: PlanManifest, contents: [String: SegmentContent],
    on machine: MachineSnapshot = .init(),
    core: CoreMachine? = .init()
  ) {
    guard let architecture = Architecture(named: manifest.architecture),
      let placement = architecture.placement
    else {
      let reason = "\(manifest.architecture): no kexec is planned for it"
      findings = [Finding("arch", reason, rule: .caller)]
      view = nil
      return
    }
    let plan = ReadPlan(manifest, contents, placement, on: machine, core: core)
    let reading = Reading(plan, architecture, on: machine)
    findings = KernelRule.findings(in: reading)
    view = reading.view
  }
}
