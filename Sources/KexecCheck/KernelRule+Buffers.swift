// SPDX-License-Identifier: Apache-2.0

package import BinaryFormat
import DeviceTree
import IMA
package import KexecFacts
import PhysicalMemory

extension KernelRule {
  /// Memory that other properties of `/chosen` name.
  static let buffers: [KernelRule] = [
    .init(
      "ima-reserved", .tree, at: property(ChosenProperty.imaBuffer),
      "the IMA buffer, which the kernel frees, is one range and reserved to its exact size",
      by: freeBuffer, for: [.kexec]
    ) { tree, _ in
      guard tree[ChosenProperty.imaBuffer] != nil,
        tree.place(ChosenProperty.imaBuffer).map(tree.reserves) != true
      else { return [] }
      return ["not one range that is reserved: the kernel reads and then frees it"]
    },
    .loaded(
      "ima-loaded", "the tree names the IMA buffer that is loaded", "IMA buffer", by: freeBuffer,
      for: [.kexec], \.imaBuffer
    ) { $0[.imaBuffer]?.range },
    .init(
      "ima-not-for-crash", .plan, at: "ima", "a crash kernel gets no IMA buffer", by: freeBuffer,
      for: [.crash]
    ) { plan, _ in plan[.imaBuffer] == nil ? [] : ["a crash kernel is given none"] },
    .init(
      "ima-list", .plan, at: "ima",
      "the kernel restores all measurements that the buffer's header counts",
      by: .ofTree(IMABufferCheck.rule), for: [.kexec]
    ) { plan, _ in
      let check = plan[.imaBuffer].map { IMABufferCheck($0.content, nil) }
      return check?.problem.map { ["\($0)"] } ?? []
    },
    .init(
      "kho-both", .tree, at: "/chosen", "both properties of KHO exist, or neither",
      by: .fdt("early_init_dt_check_kho"), since: kho
    ) { tree, _ in
      guard ChosenProperty.kho.count(where: { tree[$0] != nil }) == 1 else { return [] }
      return ["only one of \(ChosenProperty.kho.joined(separator: " and "))"]
    },
    // Its segments must be in scratch areas, which only the running kernel knows.
    .init(
      "kho-not-planned", .planTree, at: "dtb", "no plan hands over KHO's state",
      by: .ofTree(.linux("kernel/liveupdate/kexec_handover.c", "kho_locate_mem_hole")),
      for: [.kexec], since: kho
    ) { known, _ in
      ChosenProperty.kho.filter { known.tree[$0] != nil }.map {
        "has \($0): the preserved memory and the scratch areas are not known here"
      }
    },
    // The kernel deletes the property once it has read it, and computes a new checksum only with a seed.
    .init(
      "disk-keys-with-seed", .tree, at: "/chosen", "keys of encrypted disks come with an rng-seed",
      by: .fdt("of_fdt_raw_init"), for: [.crash]
    ) { tree, _ in
      guard tree[ChosenProperty.diskKeys] != nil,
        tree[ChosenProperty.rngSeed]?.bytes.isEmpty ?? true
      else { return [] }
      return [
        "has \(ChosenProperty.diskKeys) and no rng-seed: the crash kernel will have no /sys/firmware/fdt"
      ]
    },
    .init(
      "extra-named", .planTree, at: "extra", "a property of its own names each extra segment",
      by: .ofTree(.caller)
    ) { known, _ in
      known.plan.extras.filter { !known.tree.names($0) }.map {
        Problem("no property of /chosen names it", at: $0.name)
      }
    },
    .init(
      "extra-reserved", .planTree, at: "extra", "each extra segment is reserved to its exact size",
      by: .kexec("of_kexec_alloc_and_setup_fdt")
    ) { known, _ in
      known.plan.extras.filter(known.tree.names).compactMap { extra in
        guard let range = extra.exactRange, !known.tree.reserves(range) else { return nil }
        return Problem(
          "\(range) is not reserved: the next kernel uses it before it is read", at: extra.name)
      }
    },
  ]

  private static let freeBuffer = RuleReader.kexec("ima_free_kexec_buffer")
  /// The first release with KHO.
  private static let kho = KernelRelease(6, 16)
}

extension ReadTree {
  fileprivate func reserves(_ range: PhysicalRange) -> Bool {
    tree.reservations.contains(AddressAndSize(range))
  }

  /// Whether a property that no kernel knows says where a segment's bytes are.
  fileprivate func names(_ segment: ReadPlan.Segment) -> Bool {
    guard let range = segment.exactRange else { return false }
    return chosen.contains {
      !ChosenProperty.taken.contains($0.name) && $0.value.tuples(cells) == [AddressAndSize(range)]
    }
  }
}

/// Restores a buffer of IMA's measurements as the next kernel does.
///
/// Source: `security/integrity/ima/ima_template.c:ima_restore_measurement_list`.
package struct IMABufferCheck {
  package static let rule = Rule.linux(
    "security/integrity/ima/ima_template.c", "ima_restore_measurement_list")

  /// What is wrong with it; nil when the kernel restores all measurements that its header counts.
  package let problem: String?

  /// - Parameters:
  ///   - content: the buffer; of one that was not read whole, only the header is checked.
  ///   - order: the kernel's; a big-endian one reads either (`ima_canonical_fmt`); nil if not known.
  package init(_ content: SegmentContent, _ order: ByteOrder?) {
    do throws(MeasurementError) {
      problem = try Self.problem(of: content, order)
    } catch {
      problem = error.description
    }
  }

  private static func problem(
    of content: SegmentContent, _ order: ByteOrder?
  ) throws(MeasurementError) -> String? {
    let bytes = content.start.span
    let found = MeasurementBuffer.byteOrder(of: bytes) ?? order ?? .little
    let header = try MeasurementHeader(bytes, found, of: content.size)
    guard order != .little || found == .little else {
      throw MeasurementError(offset: 0, number: nil, problem: .otherByteOrder(found))
    }
    guard bytes.count == content.size else { return nil }
    let restored = try RestoredMeasurements(bytes, found)
    if let problem = restored.problem { throw problem }
    let end = restored.entries.reduce(MeasurementBuffer.headerSize) { $0 + $1.bytes.count }
    // A kernel accepts fewer than the header counts, and a count of 0.
    guard UInt64(restored.entries.count) == header.count, end == header.size else {
      return "its header counts \(header.count) measurements in \(header.size) bytes; "
        + "\(restored.entries.count) end at \(end)"
    }
    return nil
  }
}
