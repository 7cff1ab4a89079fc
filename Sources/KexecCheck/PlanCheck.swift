// SPDX-License-Identifier: Apache-2.0

public import CrashCore
public import KexecFacts
import KexecRules

/// A plan that was read from a folder, as the two kernels will take it: the running one, which loads it,
/// and the next one, which believes what it finds.
///
/// Nothing here knows how the plan was made; but an entry that is not our trampoline is a finding, for
/// what it does is not known.
public struct PlanCheck: Sendable {
  /// What is wrong, or would go wrong without a word.
  public let findings: [Finding]
  /// What the next kernel will believe; nil without a tree that can be read, or a command line in its
  /// place.
  public let view: NextKernelView?

  /// Checks a plan.
  ///
  /// - Parameters:
  ///   - manifest: the plan.
  ///   - contents: its files.
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
