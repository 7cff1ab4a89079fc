// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import PhysicalMemory

// What a plan's tree tells of besides initrd and core header, against what is loaded.
extension CheckedPlan {
  private static let free = Rule.linux("drivers/of/kexec.c", "ima_free_kexec_buffer")
  private static let setup = Rule.linux("drivers/of/kexec.c", "of_kexec_alloc_and_setup_fdt")

  /// The pieces that are the caller's own.
  var extraParts: [SegmentCheck.Segment] {
    parts.filter { $0.name == "extra" || $0.name.hasPrefix("extra-") }
  }

  /// IMA's list: of a size that is freed, and an entry after the other to the end that it tells of.
  func measurements(_ view: NextKernelView) -> [Finding] {
    let loaded = part(.measurements)
    guard loaded != nil || view.measurements != nil else { return [] }
    guard !manifest.isForCrash, rules.measurements != nil else {
      return [Finding("ima", "is not for this kernel", rule: Self.free)]
    }
    guard let loaded, view.measurements == loaded.range else {
      return [
        Finding(
          "dtb",
          "tells of \(view.measurements.map { "measurements at \($0)" } ?? "no measurements"), "
            + "which the next kernel frees; loaded is "
            + (loaded.map { "a list at \($0.range)" } ?? "none"), rule: Self.free)
      ]
    }
    let check = MeasurementBufferCheck(loaded.content, nil)
    return isReserved(loaded.range, "ima", Self.free)
      + (check.problem.map { [Finding("ima", $0, rule: MeasurementBufferCheck.rule)] } ?? [])
  }

  /// Some property that is nobody else's tells of each, to its exact size.
  var extras: [Finding] {
    guard let blob, let cells = try? blob.cellCounts(of: "/") else { return [] }
    let properties = (try? blob.properties(of: ChosenProperty.node)) ?? []
    let others = properties.filter { !ChosenProperty.taken.contains($0.name) }
    let told = Set(others.compactMap { $0.value.tuples(cells) }.filter { $0.count == 1 })
    return extraParts.flatMap { part -> [Finding] in
      guard let range = part.exactRange, told.contains([AddressAndSize(range)]) else {
        return [Finding(part.name, "no property of /chosen tells of it", rule: .caller)]
      }
      return isReserved(range, part.name, Self.setup)
    }
  }

  /// A plan cannot be right with it as far as anybody can tell: its pieces have to lie in scratch areas.
  var liveUpdate: [Finding] {
    let names = ChosenProperty.liveUpdate.filter { name in
      ((try? blob?.property(name, of: ChosenProperty.node)) ?? nil) != nil
    }
    return names.map {
      Finding(
        "dtb", "has \($0): what is kept, and where the plan would have to lie, is not known here",
        rule: .linux("kernel/liveupdate/kexec_handover.c", "kho_locate_mem_hole"))
    }
  }

  func diskKeys(_ view: NextKernelView) -> [Finding] {
    blob.map { view.diskKeys(in: $0, called: "dtb") } ?? []
  }

  private func isReserved(_ range: PhysicalRange, _ name: String, _ rule: Rule) -> [Finding] {
    guard blob?.reservations.contains(AddressAndSize(range)) != true else { return [] }
    return [
      Finding(
        name, "\(range) is not reserved: the next kernel uses it before it is read", rule: rule)
    ]
  }
}

extension NextKernelView {
  /// The property goes when it is read; only a seed puts the tree's checksum right.
  func diskKeys(in tree: DeviceTree, called place: String) -> [Finding] {
    let keys = (try? tree.property(ChosenProperty.diskKeys, of: ChosenProperty.node)) ?? nil
    guard keys != nil, rngSeedSize ?? 0 == 0 else { return [] }
    return [
      Finding(
        place, "has \(ChosenProperty.diskKeys) and no rng-seed: no /sys/firmware/fdt will be there",
        rule: .linux("drivers/of/fdt.c", "of_fdt_raw_init"))
    ]
  }
}

extension SegmentCheck.Segment {
  /// Its bytes, without the rest of its last page.
  var exactRange: PhysicalRange? {
    PhysicalRange(start: range.start, size: UInt64(content.size))
  }
}
