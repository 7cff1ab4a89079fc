// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import CrashCore
import DeviceTree
import KernelImage
import PhysicalMemory

/// A plan that was read from a folder, as the two kernels will take it: the running one, which loads it,
/// and the next one, which believes what it finds.
///
/// Nothing here knows how the plan was made.
public struct LoadCheck: Sendable {
  /// What is wrong, or would go wrong without a word.
  public let findings: [Finding]
  /// What the next kernel will believe; nil without a tree that can be read.
  public let view: NextKernelView?

  /// Checks a plan.
  ///
  /// - Parameters:
  ///   - manifest: the plan.
  ///   - contents: its files.
  ///   - machine: what is known about the machine it is for; without facts, the plan is checked alone.
  ///   - core: what the machine's core header has to fit.
  public init(
    of manifest: LoadManifest, contents: [String: LoadContent], on machine: MachineFacts = .init(),
    core: CoreMachine = .init()
  ) {
    let parts = manifest.segments.map {
      SegmentCheck.Segment(
        name: $0.name, range: $0.range, content: contents[$0.file] ?? LoadContent([]))
    }
    guard let architecture = Architecture(named: manifest.architecture),
      let rules = architecture.placement
    else {
      findings = [
        Finding("arch", "\(manifest.architecture): no kexec is planned for it", rule: .caller)
      ]
      view = nil
      return
    }
    let plan = FolderPlan(
      manifest: manifest, architecture: architecture, rules: rules, machine: machine, parts: parts)
    view = plan.view
    findings =
      plan.flags
      + SegmentCheck(architecture, isForCrash: manifest.isForCrash, machine)
      .findings(in: parts, entry: manifest.entry)
      + plan.kernel + plan.tree + plan.coreHeader(core)
  }
}

/// The plan with its bytes.
private struct FolderPlan {
  let manifest: LoadManifest
  let architecture: Architecture
  let rules: PlacementRules
  let machine: MachineFacts
  let parts: [SegmentCheck.Segment]

  func part(_ part: LoadPart) -> SegmentCheck.Segment? { parts.first { $0.name == part.name } }

  var blob: DeviceTree? { part(.tree).flatMap { try? DeviceTree(blob: $0.content.start) } }
  var view: NextKernelView? { blob.flatMap { try? NextKernelView(of: $0) } }

  /// What the loader tells the running kernel.
  var flags: [Finding] {
    guard (manifest.flags & 1 == 1) != manifest.isForCrash || manifest.flags >> 1 != 0 else {
      return []
    }
    return [
      Finding(
        "flags",
        "\(hex(manifest.flags)) for a plan of type \(manifest.isForCrash ? "crash" : "kexec")",
        rule: .linux("include/uapi/linux/kexec.h", "KEXEC_ON_CRASH"))
    ]
  }
}

// MARK: - The kernel and how it is reached

extension FolderPlan {
  var kernel: [Finding] {
    guard let kernel = part(.kernel(0)) else {
      return [Finding("kernel", "there is none", rule: .caller)]
    }
    return image(of: kernel) + start(of: kernel) + window(of: kernel)
  }

  /// An Image says itself how much memory it wants; pieces of an ELF file say nothing.
  private func image(of kernel: SegmentCheck.Segment) -> [Finding] {
    guard let image = try? KernelImage(kernel.content.start.span) else { return [] }
    var findings: [Finding] = []
    if image.machine.rawValue != architecture.coreRules?.machine {
      findings.append(
        Finding(
          "kernel", "is for \(image.machine), not for \(architecture)", rule: rules.kernelRule))
    }
    if image.memorySize > kernel.range.size {
      findings.append(
        Finding(
          "kernel", "wants \(image.memorySize) bytes of memory and gets \(kernel.range.size)",
          rule: rules.kernelRule))
    }
    if (kernel.range.start &- image.textOffset) % image.alignment != 0 {
      findings.append(
        Finding(
          "kernel", "\(hex(kernel.range.start)) is no multiple of \(hex(image.alignment))",
          rule: rules.kernelRule))
    }
    return findings
  }

  /// The code that is jumped to gives the kernel its tree.
  private func start(of kernel: SegmentCheck.Segment) -> [Finding] {
    guard let trampoline = rules.trampoline else { return [] }
    let rule = Rule.linux("arch/arm64/kernel/machine_kexec.c", "machine_kexec")
    guard let code = part(.trampoline), code.range.start == manifest.entry else {
      return [
        Finding("entry", "is no trampoline: the kernel would not be told of its tree", rule: rule)
      ]
    }
    let tree = part(.tree)?.range.start ?? 0
    let wanted = [ByteOrder.little, .big].map { trampoline(kernel.range.start, tree, $0) }
    guard !wanted.contains(code.content.start) else { return [] }
    return [
      Finding(
        "trampoline", "does not start the kernel at \(hex(kernel.range.start)) with its tree",
        rule: rule)
    ]
  }

  /// Where the others may be depends on the kernel's place.
  private func window(of kernel: SegmentCheck.Segment) -> [Finding] {
    rules.steps.compactMap { step in
      guard step.part == .initrd, let initrd = part(.initrd),
        initrd.range.start > kernel.range.start,
        step.window(kernel.range)?.contains(initrd.range) != true
      else { return nil }
      return Finding(
        "initrd", "\(initrd.range) is too far from the kernel at \(kernel.range)", rule: step.rule)
    }
  }
}

// MARK: - What the next kernel believes

extension FolderPlan {
  private static func reader(_ function: String) -> Rule { .linux("drivers/of/fdt.c", function) }

  var tree: [Finding] {
    guard let part = part(.tree) else {
      return [Finding("dtb", "there is no device tree", rule: Self.reader("early_init_dt_verify"))]
    }
    do throws(DeviceTreeError) {
      _ = try DeviceTree(blob: part.content.start)
    } catch {
      return [Finding("dtb", "\(error)", rule: .libfdt("fdt_check_full"))]
    }
    guard let view else {
      return [Finding("dtb", "no legal root cells", rule: Self.reader("early_init_dt_scan_root"))]
    }
    return size(of: part) + initrd(view) + coreHeaderPlace(view) + memory(view)
      + commandLine(view)
  }

  private func size(of tree: SegmentCheck.Segment) -> [Finding] {
    var findings: [Finding] = []
    if let limit = architecture.treeLimit, UInt64(tree.content.size) > limit.value {
      findings.append(
        Finding(
          "dtb", "\(tree.content.size) bytes; the kernel maps \(limit.value)", rule: limit.rule))
    }
    if tree.range.start % 8 != 0 {
      findings.append(
        Finding(
          "dtb", "\(hex(tree.range.start)) is no multiple of 8", rule: .libfdt("fdt_check_header")))
    }
    return findings
  }

  private func initrd(_ view: NextKernelView) -> [Finding] {
    let part = part(.initrd)
    let loaded = part.flatMap {
      PhysicalRange(start: $0.range.start, size: UInt64($0.content.size))
    }
    guard view.initrd != loaded else { return [] }
    return [
      Finding(
        "dtb",
        "tells of \(view.initrd.map { "an initrd at \($0)" } ?? "no initrd"), loaded is "
          + (loaded.map { "one at \($0)" } ?? "none"),
        rule: Self.reader("early_init_dt_check_for_initrd"))
    ]
  }

  private func coreHeaderPlace(_ view: NextKernelView) -> [Finding] {
    let loaded = part(.coreHeader)?.range
    let isThere = view.coreHeader.map { loaded?.contains($0) == true && loaded?.start == $0.start }
    guard isThere ?? (loaded == nil) else {
      return [
        Finding(
          "dtb",
          "tells of \(view.coreHeader.map { "a core header at \($0)" } ?? "no core header"), "
            + "loaded is \(loaded.map { "one at \($0)" } ?? "none")",
          rule: Self.reader("early_init_dt_check_for_elfcorehdr"))
      ]
    }
    guard manifest.isForCrash, loaded == nil else { return [] }
    return [
      Finding(
        "elfcorehdr", "a crash kernel without one has no /proc/vmcore",
        rule: Self.reader("early_init_dt_check_for_elfcorehdr"))
    ]
  }

  /// A crash kernel that uses more than its own memory destroys the dump.
  private func memory(_ view: NextKernelView) -> [Finding] {
    var findings: [Finding] = []
    let rule = Self.reader("early_init_dt_check_for_usable_mem_range")
    let isCapped =
      (try? blob?.property(ChosenProperty.usableMemory, of: ChosenProperty.node)) != nil
    if manifest.isForCrash != isCapped {
      findings.append(
        Finding(
          "dtb",
          isCapped
            ? "caps the memory of an ordinary kernel"
            : "does not cap the memory of a crash kernel: it would destroy the dump", rule: rule))
    }
    guard let memory = view.memory, !memory.isEmpty else { return findings }
    let regions = PhysicalRangeSet(machine.crashRegions)
    if manifest.isForCrash, !regions.isEmpty, !memory.subtracting(regions).isEmpty {
      findings.append(
        Finding(
          "dtb", "lets the crash kernel use \(memory.subtracting(regions).ranges[0]), not its own",
          rule: rule))
    }
    for part in parts where !memory.contains(part.range) {
      findings.append(
        Finding(
          part.name, "\(part.range) is not in memory that the next kernel knows", rule: rule))
    }
    return findings
  }

  private func commandLine(_ view: NextKernelView) -> [Finding] {
    guard let limit = architecture.commandLineLimit, let line = view.commandLine,
      line.count >= limit.value
    else { return [] }
    return [
      Finding(
        "dtb", "a command line of \(line.count) bytes; the kernel keeps \(limit.value - 1)",
        rule: limit.rule)
    ]
  }

  func coreHeader(_ core: CoreMachine) -> [Finding] {
    guard let part = part(.coreHeader) else { return [] }
    return CoreHeaderCheck(of: core).findings(in: part.content.start.span).map(Finding.init)
  }
}
