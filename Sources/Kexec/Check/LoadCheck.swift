// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import CrashCore
import DeviceTree

/// A plan that was read from a folder, as the two kernels will take it: the running one, which loads it,
/// and the next one, which believes what it finds.
///
/// Nothing here knows how the plan was made; but an entry that is not our trampoline is a finding, for
/// what it does is not known.
public struct LoadCheck: Sendable {
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
    of manifest: LoadManifest, contents: [String: LoadContent], on machine: MachineFacts = .init(),
    core: CoreMachine? = .init()
  ) {
    guard let architecture = Architecture(named: manifest.architecture),
      let rules = architecture.placement
    else {
      let reason = "\(manifest.architecture): no kexec is planned for it"
      findings = [Finding("arch", reason, rule: .caller)]
      view = nil
      return
    }
    let plan = CheckedPlan(manifest, contents, architecture, rules, machine)
    view = plan.view
    findings =
      plan.header(core) + plan.segments + plan.kernel + plan.start + plan.tree
      + plan.commandLine + plan.coreHeader(core)
  }
}

/// A plan with its bytes; each concern of the check is an extension.
struct CheckedPlan {
  let manifest: LoadManifest
  let architecture: Architecture
  let rules: PlacementRules
  let machine: MachineFacts
  let parts: [SegmentCheck.Segment]
  /// The tree, or why it is none; nil when it is missing.
  let openedTree: Result<DeviceTree, DeviceTreeError>?
  /// What the next kernel believes of it, or of its command line.
  let view: NextKernelView?

  init(
    _ manifest: LoadManifest, _ contents: [String: LoadContent], _ architecture: Architecture,
    _ rules: PlacementRules, _ machine: MachineFacts
  ) {
    self.manifest = manifest
    self.architecture = architecture
    self.rules = rules
    self.machine = machine
    parts = manifest.segments.map {
      SegmentCheck.Segment(
        name: $0.name, range: $0.range, content: contents[$0.file] ?? LoadContent([]))
    }
    openedTree = parts.first { $0.name == LoadPart.tree.name }.map { part in
      Result { () throws(DeviceTreeError) in try DeviceTree(blob: part.content.start) }
    }
    let line = parts.first { $0.name == LoadPart.commandLine.name }
    view =
      architecture.takesTree
      ? (try? openedTree?.get()).flatMap { try? NextKernelView(of: $0, for: architecture) }
      : line.map { NextKernelView(ofCommandLine: $0.content.start) }
  }

  func part(_ part: LoadPart) -> SegmentCheck.Segment? { parts.first { $0.name == part.name } }

  /// What the loader tells the running kernel: the flags of the plan's type, and the architecture's number
  /// or none.
  func header(_ core: CoreMachine?) -> [Finding] {
    var findings: [Finding] = []
    let number = UInt64(architecture.coreRules?.machine ?? 0) << 16
    let flags: UInt64 = manifest.isForCrash ? 1 : 0
    if manifest.flags != flags, manifest.flags != flags | number {
      findings.append(
        Finding(
          "flags",
          "\(hex(manifest.flags)) for a plan of type "
            + (manifest.isForCrash ? "crash" : "kexec"),
          rule: .linux("include/uapi/linux/kexec.h", "KEXEC_ON_CRASH")))
    }
    if let machine = core?.machine, machine != architecture.coreRules?.machine {
      findings.append(
        Finding(
          "arch", "\(architecture), on a machine of another architecture",
          rule: .linux("kernel/kexec.c", "kexec_load")))
    }
    return findings
  }

  /// What the running kernel checks, and what it takes from what they leave.
  var segments: [Finding] {
    let check = SegmentCheck(
      architecture, isForCrash: manifest.isForCrash, machine,
      tree: (try? openedTree?.get()) ?? DeviceTree())
    return check.findings(in: parts, entry: manifest.entry) + controlPages
  }

  private var controlPages: [Finding] {
    guard manifest.isForCrash, let region = machine.crashRegions.first else { return [] }
    let pageSize = machine.largestPageSize
    let taken = parts.map { NoRoom.Occupant("the \($0.name)", $0.range) }
    let placing = Placing(
      in: PlanMemory(forCrashIn: region, (nil, taken), pageSize: pageSize), pageSize: pageSize,
      preferredAlignment: pageSize)
    do throws(KexecError) {
      try placing.checkRoom(for: LoadParts.controlPagesName, size: LoadParts.controlPages)
      return []
    } catch {
      return [
        Finding(
          "plan", "\(error)",
          rule: .linux("kernel/kexec_core.c", "kimage_alloc_crash_control_pages"))
      ]
    }
  }

  func coreHeader(_ core: CoreMachine?) -> [Finding] {
    guard let core, let part = part(.coreHeader) else { return [] }
    return CoreHeaderCheck(of: core).findings(in: part.content.start.span).map(Finding.init)
  }
}
