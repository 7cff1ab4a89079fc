// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import PhysicalMemory

/// A tree that was opened, and what the next kernel believes of it.
struct CheckedTree {
  let tree: DeviceTree
  let view: NextKernelView
  /// Bytes that are handed over.
  let size: Int
  let architecture: Architecture
  let purpose: TreeCheck.Purpose?
  let machine: MachineFacts

  var findings: [Finding] {
    guard architecture.takesTree else {
      let reason = architecture.treeRefusal ?? "takes no tree"
      return [Finding("arch", "\(architecture): \(reason)", rule: .caller)]
    }
    return blob + chosen + uefi + memory + initrd + coreHeader + cap + commandLine + leftovers
      + ownRules
  }

  private func reader(_ function: String) -> Rule { .linux("drivers/of/fdt.c", function) }

  private func value(_ name: String) -> PropertyValue? {
    (try? tree.property(name, of: ChosenProperty.node)) ?? nil
  }

  // MARK: The blob and /chosen

  private var blob: [Finding] {
    guard let limit = architecture.treeLimit, size > limit.value else { return [] }
    return [
      Finding(
        "header", "\(size) bytes; a kernel for \(architecture) maps \(limit.value)",
        rule: limit.rule)
    ]
  }

  /// One node, and each property once: readers take the first.
  private var chosen: [Finding] {
    let nodes = (try? tree.children(of: "/").filter { ChosenProperty.isNode("/" + $0) }) ?? []
    let names = (try? tree.properties(of: ChosenProperty.node).map(\.name)) ?? []
    let known = Set(ChosenProperty.known)
    var counts: [String: Int] = [:]
    for name in names where known.contains(name) { counts[name, default: 0] += 1 }
    let doubled = counts.filter { $1 > 1 }.keys.sorted()
    return
      (nodes.count > 1
      ? [
        Finding(
          "/", "\(nodes.joined(separator: " and ")): readers take one of them",
          rule: reader("early_init_dt_scan_chosen"))
      ] : [])
      + doubled.map {
        Finding(
          "/chosen: \($0)", "there twice; readers take the first", rule: .libfdt("fdt_getprop"))
      }
  }

  /// All six or none, in one or two cells each.
  private var uefi: [Finding] {
    let rule = Rule.linux("drivers/firmware/efi/fdtparams.c", "efi_get_fdt_params")
    guard ChosenProperty.uefi.contains(where: { value($0) != nil }) else { return [] }
    return ChosenProperty.uefi.filter { value($0)?.number == nil }.map { name in
      Finding(
        "/chosen: \(name)",
        value(name).map { "\($0.bytes.count) bytes; the kernel reads 4 or 8" }
          ?? "missing; without it UEFI is not found", rule: rule)
    }
  }

  // MARK: Memory and what lies in it

  /// A board's tree may leave the memory to its firmware; one that is handed over cannot.
  private var memory: [Finding] {
    guard purpose != nil, let memory = view.memory, memory.isEmpty else { return [] }
    return [
      Finding("memory", "the kernel will have none", rule: reader("early_init_dt_scan_memory"))
    ]
  }

  private var initrd: [Finding] {
    let names = ChosenProperty.initrd
    let rule = reader("early_init_dt_check_for_initrd")
    guard names.contains(where: { value($0) != nil }) else { return [] }
    guard let initrd = view.initrd, initrd.size > 0 else {
      return [
        Finding("/chosen: \(names[0])", "no initrd together with \(names[1])", rule: rule)
      ]
    }
    // A board's initrd is put there by its firmware, in memory that the tree need not know.
    guard purpose != nil, let memory = view.memory, !memory.isEmpty, !memory.contains(initrd)
    else { return [] }
    return [
      Finding("/chosen: \(names[0])", "\(initrd) is not all in memory", rule: rule)
    ]
  }

  private var coreHeader: [Finding] {
    let (name, rule) = (
      "/chosen: " + ChosenProperty.coreHeader, reader("early_init_dt_check_for_elfcorehdr")
    )
    let property = value(ChosenProperty.coreHeader)
    guard purpose == .crash else {
      guard property != nil, purpose != nil else { return [] }
      return [Finding(name, "makes an ordinary kernel look for a dump", rule: rule)]
    }
    guard let property else {
      return [Finding(name, "missing: there will be no /proc/vmcore", rule: rule)]
    }
    guard let cells = try? tree.cellCounts(of: "/"), property.tuples(cells)?.count == 1,
      let header = view.coreHeader
    else { return [Finding(name, "not one range: the kernel ignores it", rule: rule)] }
    guard let initrd = view.initrd, initrd.overlaps(header) else { return [] }
    return [Finding(name, "\(header) overlaps the initrd, \(initrd)", rule: rule)]
  }

  /// A crash kernel that uses more than its own memory destroys the dump.
  private var cap: [Finding] {
    let (name, rule) = (
      "/chosen: " + ChosenProperty.usableMemory,
      reader("early_init_dt_check_for_usable_mem_range")
    )
    let property = value(ChosenProperty.usableMemory)
    guard purpose == .crash else {
      guard property != nil, purpose != nil, architecture.readsUsableRange else { return [] }
      return [Finding(name, "caps the memory of an ordinary kernel", rule: rule)]
    }
    guard architecture.readsUsableRange else { return [] }
    guard let property else {
      return [Finding(name, "missing: the crash kernel would destroy the dump", rule: rule)]
    }
    guard let cells = try? tree.cellCounts(of: "/"), let tuples = property.tuples(cells),
      1...CrashHandover.mostUsableRanges ~= tuples.count, let main = tuples[0].memory
    else { return [Finding(name, "not one or two ranges: the kernel ignores it", rule: rule)] }
    let regions = PhysicalRangeSet(machine.crashRegions)
    let foreign = tuples.compactMap(\.memory).filter { !regions.isEmpty && !regions.contains($0) }
    let outside = [view.coreHeader, view.initrd].compactMap { $0 }.filter { !main.contains($0) }
    return foreign.map { Finding(name, "\($0) is not the crash kernel's own", rule: rule) }
      + outside.map { Finding(name, "\($0) is not in its first range, \(main)", rule: rule) }
  }

  // MARK: The command line, and what was left

  private var commandLine: [Finding] {
    guard let line = view.commandLine, let limit = architecture.commandLineLimit,
      line.count >= limit.value
    else { return [] }
    return [
      Finding(
        "/chosen: bootargs", "\(line.count) bytes, of which the kernel keeps \(limit.value - 1)",
        rule: limit.rule)
    ]
  }

  /// What another kernel than this one was told, and what is good for nothing by halves.
  private var leftovers: [Finding] {
    guard let purpose else { return [] }
    let rule = Rule.linux("drivers/of/kexec.c", "of_kexec_alloc_and_setup_fdt")
    var names = ChosenProperty.historicBuffer
    if purpose == .crash { names += ChosenProperty.liveUpdate + [ChosenProperty.imaBuffer] }
    if purpose == .kexec { names.append(ChosenProperty.diskKeys) }
    var findings = names.filter { value($0) != nil }.map {
      Finding("/chosen: \($0)", "hand-over state of an earlier kernel", rule: rule)
    }
    if ChosenProperty.liveUpdate.count(where: { value($0) != nil }) == 1 {
      findings.append(
        Finding(
          "/chosen", "only one of \(ChosenProperty.liveUpdate.joined(separator: " and "))",
          rule: reader("early_init_dt_check_kho")))
    }
    if purpose == .crash {
      findings += view.diskKeys(in: tree, called: ChosenProperty.node)
    }
    return findings + measurements
  }

  /// The kernel frees this memory when it has read it: it has to be the list's alone.
  private var measurements: [Finding] {
    guard purpose == .kexec, let value = value(ChosenProperty.imaBuffer) else { return [] }
    let tuples = (try? tree.cellCounts(of: "/")).flatMap { value.tuples($0) } ?? []
    guard tuples.count == 1, let buffer = tuples[0].memory,
      tree.reservations.contains(where: { $0.memory == buffer })
    else {
      return [
        Finding(
          "/chosen: " + ChosenProperty.imaBuffer,
          "not one range that is reserved: the kernel reads and then frees it",
          rule: .linux("drivers/of/kexec.c", "ima_free_kexec_buffer"))
      ]
    }
    return []
  }

  /// What the architecture's kernels want besides.
  private var ownRules: [Finding] {
    guard purpose != nil, let rules = architecture.treeRules else { return [] }
    let main = view.coreHeader.flatMap { header in
      machine.crashRegions.first { $0.contains(header) }
    }
    let crash = main.flatMap { main in
      view.coreHeader.map { CrashHandover(coreHeader: $0, usableMemory: [main]) }
    }
    return rules.findings(tree, crash, machine)
  }
}
