// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import PhysicalMemory

// What the next kernel will believe of a plan's tree, against what is loaded.
extension CheckedPlan {
  private static func reader(_ function: String) -> Rule { .linux("drivers/of/fdt.c", function) }
  private static let capReader = reader("early_init_dt_check_for_usable_mem_range")

  var tree: [Finding] {
    guard architecture.takesTree else {
      guard part(.tree) != nil else { return [] }
      return [Finding("dtb", "a kernel for \(architecture) takes no tree", rule: rules.kernelRule)]
    }
    guard let part = part(.tree), let openedTree else {
      return [Finding("dtb", "there is no device tree", rule: Self.reader("early_init_dt_verify"))]
    }
    if case .failure(let error) = openedTree {
      return [Finding("dtb", "\(error)", rule: .libfdt("fdt_check_full"))]
    }
    guard let view else {
      return [Finding("dtb", "no legal root cells", rule: Self.reader("early_init_dt_scan_root"))]
    }
    return size(of: part) + initrd(view) + coreHeaderPlace(view) + cap + memory(view)
      + measurements(view) + extras + liveUpdate + diskKeys(view)
      + reserved(view) + commandLine(view) + ownRules(view)
  }

  /// What the architecture's kernels want besides.
  private func ownRules(_ view: NextKernelView) -> [Finding] {
    guard let blob, let rules = architecture.treeRules else { return [] }
    let main = part(.coreHeader).flatMap { header in
      machine.crashRegions.first { $0.contains(header.range) }
    }
    let crash = main.flatMap { main in
      view.coreHeader.map { CrashHandover(coreHeader: $0, usableMemory: [main]) }
    }
    return rules.findings(blob, crash, machine)
  }

  var blob: DeviceTree? { try? openedTree?.get() }

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
    let loaded = part(.initrd)?.exactRange
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
    let rule = Self.reader("early_init_dt_check_for_elfcorehdr")
    let loaded = part(.coreHeader)?.range
    let isThere = view.coreHeader.map { loaded?.contains($0) == true && loaded?.start == $0.start }
    guard isThere ?? (loaded == nil) else {
      return [
        Finding(
          "dtb",
          "tells of \(view.coreHeader.map { "a core header at \($0)" } ?? "no core header"), "
            + "loaded is \(loaded.map { "one at \($0)" } ?? "none")", rule: rule)
      ]
    }
    guard manifest.isForCrash, loaded == nil else { return [] }
    return [
      Finding("elfcorehdr", "a crash kernel without one has no /proc/vmcore", rule: rule)
    ]
  }

  /// A crash kernel that uses more than its own memory destroys the dump, and one whose first range is not
  /// the one it lies in loses its tree.
  private var cap: [Finding] {
    let value = (try? blob?.property(ChosenProperty.usableMemory, of: ChosenProperty.node)) ?? nil
    guard manifest.isForCrash else {
      guard value != nil else { return [] }
      return [
        Finding("dtb", "caps the memory of an ordinary kernel", rule: Self.capReader)
      ]
    }
    guard let cells = try? blob?.cellCounts(of: "/"), let tuples = value?.tuples(cells),
      1...CrashHandover.mostUsableRanges ~= tuples.count, let main = tuples[0].memory
    else {
      return [
        Finding(
          "dtb",
          value == nil
            ? "does not cap the memory of a crash kernel: it would destroy the dump"
            : "linux,usable-memory-range is not one or two ranges: the kernel ignores it",
          rule: Self.capReader)
      ]
    }
    let regions = PhysicalRangeSet(machine.crashRegions)
    let foreign = tuples.compactMap(\.memory).filter { !regions.isEmpty && !regions.contains($0) }
    return foreign.map {
      Finding("dtb", "lets the crash kernel use \($0), not its own", rule: Self.capReader)
    }
      + parts.filter { !main.contains($0.range) }.prefix(1).map {
        Finding(
          $0.name, "\($0.range) is not in the first range of usable memory, \(main)",
          rule: Self.capReader)
      }
  }

  private func memory(_ view: NextKernelView) -> [Finding] {
    guard let memory = view.memory, let known = blob?.knownMemory else { return [] }
    let rule = Self.reader("early_init_dt_scan_memory")
    guard !memory.isEmpty else {
      return [Finding("dtb", "leaves the next kernel no memory of \(known.size) bytes", rule: rule)]
    }
    return parts.filter { !memory.contains($0.range) }.map {
      Finding($0.name, "\($0.range) is not in memory that the next kernel knows", rule: rule)
    }
  }

  /// Memory that the tree keeps for somebody else than for what is loaded there.
  private func reserved(_ view: NextKernelView) -> [Finding] {
    let own =
      [view.initrd, view.coreHeader, part(.backup)?.range, view.measurements].compactMap { $0 }
      + extraParts.compactMap(\.exactRange)
    let kept = view.reserved.ranges.subtracting(PhysicalRangeSet(own))
    return parts.compactMap { part in
      kept.first(where: part.range.overlaps).map {
        Finding(
          part.name, "\(part.range) is in memory that the tree keeps, \($0)",
          rule: Self.reader("early_init_fdt_scan_reserved_mem"))
      }
    }
  }

  private func commandLine(_ view: NextKernelView) -> [Finding] {
    guard let line = view.commandLine else { return [] }
    var findings: [Finding] = []
    if let limit = architecture.commandLineLimit, line.count >= limit.value {
      findings.append(
        Finding(
          "dtb", "a command line of \(line.count) bytes; the kernel keeps \(limit.value - 1)",
          rule: limit.rule))
    }
    let own = view.coreHeader.map { "elfcorehdr=\(hex($0.start)) " } ?? ""
    let rest = line.starts(with: own.utf8) ? line.dropFirst(own.utf8.count)[...] : line[...]
    if KernelCommandLine(String(decoding: rest, as: UTF8.self)).namesCoreHeader {
      findings.append(
        Finding(
          "dtb", "the command line has elfcorehdr=, which wins over the tree",
          rule: .linux("kernel/elfcorehdr.c", "setup_elfcorehdr")))
    }
    return findings
  }
}
