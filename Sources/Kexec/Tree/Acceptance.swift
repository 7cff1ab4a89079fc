// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import PhysicalMemory

/// Reads a finished blob as the next kernel will, and compares what it says with what was asked.
///
/// Nothing here knows how the blob was made: it is opened anew, from its bytes.
struct Acceptance {
  let architecture: Architecture
  let handover: Handover
  /// The command line asked for; nil for none.
  let commandLine: KernelCommandLine?
  /// The tree before anybody edited it.
  let base: DeviceTree
  /// The tree with the caller's edits, before the hand-over.
  let edited: DeviceTree
  /// The reservations that were there and have to stay.
  let reservations: [AddressAndSize]

  init(
    _ architecture: Architecture, _ handover: Handover, _ commandLine: KernelCommandLine?,
    base: DeviceTree, edited: DeviceTree, reservations: [AddressAndSize]
  ) {
    self.architecture = architecture
    self.handover = handover
    self.commandLine = commandLine
    self.base = base
    self.edited = edited
    self.reservations = reservations
  }

  /// What is wrong with the blob; nothing when the next kernel may have it.
  func findings(in blob: [UInt8]) -> [Finding] {
    let tree: DeviceTree
    do throws(DeviceTreeError) {
      tree = try DeviceTree(blob: blob)
    } catch {
      return [Finding("blob", "\(error)", rule: .libfdt("fdt_check_full"))]
    }
    let chosen = Chosen(of: tree, writtenBy: handover)
    return size(blob, tree) + rootCells(tree) + chosenIsFound(tree) + stub(tree)
      + leftovers(chosen) + doubledNames(chosen) + reservations(tree)
      + untouched(tree) + uefi(chosen)
      + commandLine(chosen) + initrd(chosen) + crash(chosen, tree) + buffers(chosen, tree)
      + seeds(chosen)
      + bootedFromKexec(chosen)
  }
}

/// The properties of `/chosen`, all copies of each.
private struct Chosen {
  let properties: [Property]
  private let written: [String]

  init(of tree: DeviceTree, writtenBy handover: Handover) {
    written = handover.written
    properties = (try? tree.properties(of: ChosenProperty.node)) ?? []
  }

  /// What a hand-over leaves as it is.
  var others: [Property] {
    properties.filter { !written.contains($0.name) }
  }

  /// What readers find: the first copy.
  subscript(name: String) -> PropertyValue? {
    properties.first { $0.name == name }?.value
  }
}

/// Where all of these are read: `drivers/of/fdt.c`.
private func reader(_ function: String) -> Rule { .linux("drivers/of/fdt.c", function) }

// MARK: - The blob and its root

extension Acceptance {
  private func size(_ blob: [UInt8], _ tree: DeviceTree) -> [Finding] {
    var findings: [Finding] = []
    if tree.sourceSize != blob.count || tree.sourceVersion != 17 {
      findings.append(
        Finding(
          "header", "totalsize \(tree.sourceSize) of \(blob.count), version \(tree.sourceVersion)",
          rule: reader("early_init_dt_verify")))
    }
    if let limit = architecture.treeLimit, blob.count > limit.value {
      findings.append(
        Finding(
          "header",
          "the tree has \(blob.count) bytes; a kernel for \(architecture) maps \(limit.value)",
          rule: limit.rule))
    }
    return findings
  }

  private func rootCells(_ tree: DeviceTree) -> [Finding] {
    do throws(DeviceTreeError) {
      _ = try tree.cellCounts(of: "/")
      return []
    } catch {
      return [Finding("/", "\(error)", rule: reader("early_init_dt_scan_root"))]
    }
  }

  private func chosenIsFound(_ tree: DeviceTree) -> [Finding] {
    var candidates: [String] = []
    _ = try? tree.firstChild(of: "/") { name in
      if ChosenProperty.isNode("/" + name) { candidates.append(name) }
      return candidates.count > 1
    }
    guard candidates != ["chosen"], candidates != ["chosen@0"] else { return [] }
    return [
      Finding(
        "/", "wants one /chosen or /chosen@0, not \(candidates)",
        rule: reader("early_init_dt_scan_chosen"))
    ]
  }

  /// A tree that told the kernel to use ACPI must go on doing so, and no other may begin to.
  private func stub(_ tree: DeviceTree) -> [Finding] {
    guard let stubs = architecture.stubTrees else { return [] }
    switch (stubs.contains(base), stubs.contains(tree)) {
    case (true, false) where base.isOfUEFI:
      return [Finding("/", "a node besides /chosen would turn ACPI off", rule: stubs.rule)]
    case (false, true):
      return [Finding("/", "without a node besides /chosen it asks for ACPI", rule: stubs.rule)]
    default: return []
    }
  }
}

// MARK: - What the last hand-over left

extension Acceptance {
  private func leftovers(_ chosen: Chosen) -> [Finding] {
    let ofCrash = [ChosenProperty.coreHeader, ChosenProperty.usableMemory]
    let wanted = (handover.crash == nil ? [] : ofCrash) + handover.buffers.map(\.property)
    return ChosenProperty.neverInherited.filter { !wanted.contains($0) && chosen[$0] != nil }.map {
      Finding(
        "/chosen: \($0)", "hand-over state of an earlier kernel",
        rule: .linux("drivers/of/kexec.c", "of_kexec_alloc_and_setup_fdt"))
    }
  }

  private func doubledNames(_ chosen: Chosen) -> [Finding] {
    handover.written.filter { name in
      chosen.properties.filter { $0.name == name }.count > 1
    }.map {
      Finding(
        "/chosen: \($0)", "there twice; readers take the first", rule: .libfdt("fdt_getprop"))
    }
  }

  /// Exactly what was to stay and what was asked for.
  private func reservations(_ tree: DeviceTree) -> [Finding] {
    let buffers = handover.buffers.filter(\.isReserved).map(\.range)
    let parts = [handover.initrd, handover.crash?.coreHeader].compactMap { $0 } + buffers
    let asked = (handover.reservations + parts).map(AddressAndSize.init)
    let (wanted, found) = (Set(reservations + asked), Set(tree.reservations))
    let rule = reader("early_init_fdt_scan_reserved_mem")
    return wanted.subtracting(found).sorted().map {
      Finding("reservations", "\($0.text) is missing", rule: rule)
    }
      + found.subtracting(wanted).sorted().map {
        Finding("reservations", "nobody asked for \($0.text)", rule: rule)
      }
  }
}

// MARK: - What is not the hand-over's business

extension Acceptance {
  /// All but `/chosen` and the reservations, byte for byte; and what of `/chosen` it does not write.
  private func untouched(_ tree: DeviceTree) -> [Finding] {
    let rule = Rule.linux("drivers/of/kexec.c", "of_kexec_alloc_and_setup_fdt")
    var findings: [Finding] = []
    if !edited.hasSameBytes(as: tree, besides: "chosen") || edited.bootCPU != tree.bootCPU {
      findings.append(Finding("/", "more than /chosen was changed", rule: rule))
    }
    if Chosen(of: edited, writtenBy: handover).others
      != Chosen(of: tree, writtenBy: handover).others
    {
      findings.append(Finding("/chosen", "a property of others was changed", rule: rule))
    }
    return findings
  }

  /// All six or none, in one or two cells; and none gets lost.
  private func uefi(_ chosen: Chosen) -> [Finding] {
    let rule = Rule.linux("drivers/firmware/efi/fdtparams.c", "efi_get_fdt_params")
    guard base.isOfUEFI || ChosenProperty.uefi.contains(where: { chosen[$0] != nil }) else {
      return []
    }
    return ChosenProperty.uefi.compactMap { name in
      guard let value = chosen[name] else {
        return Finding("/chosen: \(name)", "missing; without it UEFI is not found", rule: rule)
      }
      guard value.number == nil else { return nil }
      return Finding(
        "/chosen: \(name)", "\(value.bytes.count) bytes; the kernel reads 4 or 8", rule: rule)
    }
  }
}

// MARK: - What the next kernel is told

extension Acceptance {
  private func commandLine(_ chosen: Chosen) -> [Finding] {
    let found = chosen[ChosenProperty.commandLine]?.bytes
    guard found == commandLine.map({ $0.bytes + [0] }) else {
      return [
        Finding(
          "/chosen: bootargs", found == nil ? "missing" : "not the command line asked for",
          rule: reader("early_init_dt_scan_chosen"))
      ]
    }
    return []
  }

  private func initrd(_ chosen: Chosen) -> [Finding] {
    let start = chosen[ChosenProperty.initrdStart]?.number
    let end = chosen[ChosenProperty.initrdEnd]?.number
    guard start == handover.initrd?.start, end == handover.initrd?.end else {
      return [
        Finding(
          "/chosen: linux,initrd-start", "not the initrd asked for",
          rule: reader("early_init_dt_check_for_initrd"))
      ]
    }
    return []
  }

  /// Exactly one tuple for the core header, one or two for the usable memory; anything else the crash
  /// kernel ignores without a word.
  private func crash(_ chosen: Chosen, _ tree: DeviceTree) -> [Finding] {
    guard let crash = handover.crash, let cells = try? tree.cellCounts(of: "/") else { return [] }
    let wanted = [
      (ChosenProperty.coreHeader, [crash.coreHeader], "early_init_dt_check_for_elfcorehdr"),
      (
        ChosenProperty.usableMemory, crash.usableMemory,
        "early_init_dt_check_for_usable_mem_range"
      ),
    ]
    return wanted.compactMap { name, ranges, function in
      guard chosen[name]?.tuples(cells) != ranges.map(AddressAndSize.init) else { return nil }
      return Finding("/chosen: \(name)", "not the memory asked for", rule: reader(function))
    }
  }

  /// Exactly one tuple for each.
  private func buffers(_ chosen: Chosen, _ tree: DeviceTree) -> [Finding] {
    guard let cells = try? tree.cellCounts(of: "/") else { return [] }
    return handover.buffers.compactMap { buffer in
      let told = chosen[buffer.property]?.tuples(cells)
      guard told != [AddressAndSize(buffer.range)] else { return nil }
      return Finding(
        "/chosen: \(buffer.property)", "not the memory asked for", rule: buffer.reader)
    }
  }

  private func seeds(_ chosen: Chosen) -> [Finding] {
    var findings: [Finding] = []
    if chosen[ChosenProperty.kaslrSeed]?.bytes != handover.seeds.kaslr {
      findings.append(
        Finding(
          "/chosen: kaslr-seed", "not the seed given",
          rule: .linux("arch/arm64/kernel/pi/kaslr_early.c", "get_kaslr_seed")))
    }
    if chosen[ChosenProperty.rngSeed]?.bytes != handover.seeds.rng {
      findings.append(
        Finding(
          "/chosen: rng-seed", "not the seed given", rule: reader("early_init_dt_scan_chosen")))
    }
    return findings
  }

  private func bootedFromKexec(_ chosen: Chosen) -> [Finding] {
    guard chosen[ChosenProperty.bootedFromKexec] != .empty else { return [] }
    return [
      Finding(
        "/chosen: linux,booted-from-kexec", "missing, or not empty",
        rule: .linux("arch/powerpc/kernel/setup_64.c", "use_spinloop"))
    ]
  }
}
