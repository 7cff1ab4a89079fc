// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import PhysicalMemory

/// Reads a finished blob as the next kernel will, and compares what it says with what was asked.
///
/// Nothing here knows how the blob was made: it is opened anew, from its bytes.
struct Acceptance {
  let architecture: Architecture
  let handover: Handover
  /// Reservations of the old tree that were not firmware's.
  let released: [AddressAndSize]

  init(_ architecture: Architecture, _ handover: Handover, released: [AddressAndSize] = []) {
    self.architecture = architecture
    self.handover = handover
    self.released = released
  }

  /// What is wrong with the blob; nothing when the next kernel may have it.
  func findings(in blob: [UInt8], madeFrom base: DeviceTree) -> [Finding] {
    let tree: DeviceTree
    do throws(DeviceTreeError) {
      tree = try DeviceTree(blob: blob)
    } catch {
      return [Finding("blob", "\(error)", rule: "libfdt:fdt_check_full")]
    }
    let chosen = Chosen(of: tree)
    return size(blob, tree) + rootCells(tree) + chosenIsFound(tree)
      + leftovers(chosen) + doubledNames(chosen)
      + commandLine(chosen) + initrd(chosen, tree, base) + seeds(chosen)
      + reservations(tree) + stub(tree, base) + uefi(chosen)
  }
}

/// The properties of `/chosen`, all copies of each.
private struct Chosen {
  let properties: [Property]

  init(of tree: DeviceTree) {
    properties = (try? tree.properties(of: ChosenProperty.node)) ?? []
  }

  /// What readers find: the first copy.
  subscript(name: String) -> PropertyValue? {
    properties.first { $0.name == name }?.value
  }

  var doubledNames: [String] {
    var seen: Set<String> = []
    return properties.map(\.name).filter { !seen.insert($0).inserted }
  }
}

extension Acceptance {
  private func size(_ blob: [UInt8], _ tree: DeviceTree) -> [Finding] {
    var findings: [Finding] = []
    if tree.sourceSize != blob.count || tree.sourceVersion != 17 {
      findings.append(
        Finding(
          "header", "totalsize \(tree.sourceSize) of \(blob.count), version \(tree.sourceVersion)",
          rule: "drivers/of/fdt.c:early_init_dt_verify"))
    }
    if let (limit, rule) = architecture.treeSizeLimit, blob.count > limit {
      findings.append(
        Finding(
          "header", "the tree has \(blob.count) bytes; a kernel for \(architecture) maps \(limit)",
          rule: rule))
    }
    return findings
  }

  private func rootCells(_ tree: DeviceTree) -> [Finding] {
    do throws(DeviceTreeError) {
      _ = try tree.cellCounts(of: "/")
      return []
    } catch {
      return [Finding("/", "\(error)", rule: "drivers/of/fdt.c:early_init_dt_scan_root")]
    }
  }

  private func chosenIsFound(_ tree: DeviceTree) -> [Finding] {
    var candidates: [String] = []
    _ = try? tree.firstChild(of: "/") { name in
      if name == "chosen" || name.hasPrefix("chosen@") { candidates.append(name) }
      return candidates.count > 1
    }
    guard candidates != ["chosen"], candidates != ["chosen@0"] else { return [] }
    return [
      Finding(
        "/", "wants one /chosen or /chosen@0, not \(candidates)",
        rule: "drivers/of/fdt.c:early_init_dt_scan_chosen")
    ]
  }

  private func leftovers(_ chosen: Chosen) -> [Finding] {
    ChosenProperty.neverInherited.filter { chosen[$0] != nil }.map {
      Finding("/chosen: \($0)", "hand-over state of an earlier kernel", rule: "drivers/of/kexec.c")
    }
  }

  private func doubledNames(_ chosen: Chosen) -> [Finding] {
    chosen.doubledNames.filter { $0.hasPrefix("linux,") }.map {
      Finding("/chosen: \($0)", "there twice; readers take the first", rule: "libfdt:fdt_getprop")
    }
  }

  private func commandLine(_ chosen: Chosen) -> [Finding] {
    let place = "/chosen: bootargs"
    let rule = "drivers/of/fdt.c:early_init_dt_scan_chosen"
    guard let value = chosen[ChosenProperty.commandLine] else {
      return handover.commandLine == nil ? [] : [Finding(place, "missing", rule: rule)]
    }
    guard value.bytes == handover.commandLine.map({ $0.bytes + [0] }) else {
      return [Finding(place, "not the command line asked for", rule: rule)]
    }
    guard value.bytes.count <= architecture.commandLineSize else {
      return [Finding(place, "\(value.bytes.count) bytes would be cut", rule: "COMMAND_LINE_SIZE")]
    }
    return []
  }

  private func initrd(
    _ chosen: Chosen, _ tree: DeviceTree, _ base: DeviceTree
  ) -> [Finding] {
    let start = chosen[ChosenProperty.initrdStart]?.number
    let end = chosen[ChosenProperty.initrdEnd]?.number
    let rule = "drivers/of/fdt.c:early_init_dt_check_for_initrd"
    guard start == handover.initrd?.start, end == handover.initrd?.end else {
      return [Finding("/chosen: linux,initrd-start", "not the initrd asked for", rule: rule)]
    }
    guard let initrd = handover.initrd else { return [] }
    guard tree.reservations.contains(AddressAndSize(initrd)) else {
      return [Finding("reservations", "the initrd is not reserved", rule: "drivers/of/kexec.c")]
    }
    return memoryOfOthers(tree, base).filter { $0.range.overlaps(initrd) }.map {
      Finding(
        $0.place, "\($0.range) is not free for the initrd at \(initrd)",
        rule: "drivers/of/fdt.c:early_init_fdt_scan_reserved_mem")
    }
  }

  /// Memory that firmware keeps: reservations that were there before and are no initrd's, those that
  /// nobody asked for, and reserved memory that must not be mapped.
  private func memoryOfOthers(
    _ tree: DeviceTree, _ base: DeviceTree
  ) -> [(place: String, range: PhysicalRange)] {
    let ours = (handover.reservations + [handover.initrd].compactMap { $0 }).map(
      AddressAndSize.init)
    let before = base.reservations.filter { !released.contains($0) }
    let unknown = tree.reservations.filter { !ours.contains($0) && !before.contains($0) }
    let reserved = (before + unknown).compactMap(\.range).map { ("reservation", $0) }
    return reserved + tree.unmappedMemory()
  }

  private func seeds(_ chosen: Chosen) -> [Finding] {
    let rule = "arch/arm64/kernel/pi/kaslr_early.c:get_kaslr_seed"
    var findings: [Finding] = []
    if chosen[ChosenProperty.kaslrSeed]?.bytes != handover.seeds.kaslr {
      findings.append(Finding("/chosen: kaslr-seed", "not the seed given", rule: rule))
    }
    if chosen[ChosenProperty.rngSeed]?.bytes != handover.seeds.rng {
      findings.append(
        Finding("/chosen: rng-seed", "not the seed given", rule: "drivers/of/fdt.c"))
    }
    return findings
  }

  private func reservations(_ tree: DeviceTree) -> [Finding] {
    handover.reservations.filter { !tree.reservations.contains(AddressAndSize($0)) }.map {
      Finding("reservations", "\($0) is not reserved", rule: "--reserve")
    }
  }

  /// A tree of `/chosen` and perhaps a hypervisor tells the arm64 kernel to use ACPI; one node more
  /// and it does not.
  private func stub(_ tree: DeviceTree, _ base: DeviceTree) -> [Finding] {
    guard base.isStub, !tree.isStub else { return [] }
    return [
      Finding(
        "/", "a node besides /chosen would turn ACPI off",
        rule: "arch/arm64/kernel/acpi.c:dt_is_stub")
    ]
  }

  private func uefi(_ chosen: Chosen) -> [Finding] {
    let missing = ChosenProperty.uefi.filter { chosen[$0] == nil }
    guard !missing.isEmpty, missing.count < ChosenProperty.uefi.count else { return [] }
    return [
      Finding(
        "/chosen", "\(missing.joined(separator: ", ")) missing; without it UEFI is not found",
        rule: "drivers/firmware/efi/fdtparams.c:efi_get_fdt_params")
    ]
  }
}

extension DeviceTree {
  /// Children of `/reserved-memory` with `no-map` and a place; only the first range of each counts
  /// (`drivers/of/of_reserved_mem.c`).
  fileprivate func unmappedMemory() -> [(place: String, range: PhysicalRange)] {
    guard let cells = try? cellCounts(of: "/reserved-memory"),
      let regions = try? excerpt(of: "reserved-memory").root.children.first?.children
    else { return [] }
    return regions.compactMap { region in
      guard region["no-map"] != nil, let range = region["reg"]?.tuples(cells)?.first?.range
      else { return nil }
      return ("/reserved-memory/" + region.name, range)
    }
  }

  /// Whether the tree is what the EFI stub makes for a machine that is described by ACPI.
  ///
  /// Rule: `arch/arm64/kernel/acpi.c:dt_is_stub`.
  var isStub: Bool {
    let isEmpty = (try? firstChild(of: "/") { _ in true }) == nil
    return !isEmpty && (try? firstChild(of: "/") { $0 != "chosen" && $0 != "hypervisor" }) == nil
  }
}
