// SPDX-License-Identifier: Apache-2.0

import DeviceTree
package import PhysicalMemory

/// Something that is handed over to the next kernel in memory, named by a property of `/chosen`: a row
/// of ``all``.
///
/// A new one is a row here, an option, a constant of `dtfix.h`, the rules that its reader has, and a test.
public final class KexecInput: Sendable {
  /// What messages call it.
  public let name: String
  /// The property that says where it is; of two, the first. Nil for what only the plan's own code finds.
  public let property: String?
  /// The option that says where a loader puts it.
  public let option: String
  /// Whether a caller may give its bytes for a plan.
  public let isPlanned: Bool
  /// The name of its segment in a plan's manifest; nil where a plan does not have it.
  public let segment: String?
  /// Its number in `dtfix.h`.
  public let number: UInt32
  /// Why the property is written.
  package let reason: String
  /// Who writes the property, and who reads it.
  package let (writer, reader): (Rule, Rule)
  /// Whether its memory is reserved, to its exact size.
  package let isReserved: Bool
  /// The kernels that may get it.
  package let purposes: [Purpose]
  /// Whether its property follows those of command line and seeds.
  package let isWrittenLast: Bool
  /// Why the last hand-over's goes, and the rule.
  package let stale: (reason: String, rule: Rule)?

  /// Whether its place is never shown.
  public let isSecret: Bool

  fileprivate init(
    _ name: String, _ property: String?, option: String, isPlanned: Bool = false,
    segment: String? = nil, number: UInt32, reason: String, writer: Rule, reader: Rule,
    isReserved: Bool = true, for purposes: [Purpose] = Purpose.allCases,
    isWrittenLast: Bool = false, stale: (reason: String, rule: Rule)? = nil
  ) {
    (self.name, self.property, self.number) = (name, property, number)
    (self.option, self.isPlanned, self.segment) = (option, isPlanned, segment)
    (self.reason, self.writer, self.reader) = (reason, writer, reader)
    (self.isReserved, self.purposes, self.stale) = (isReserved, purposes, stale)
    self.isWrittenLast = isWrittenLast
    isSecret = property.map(SecretProperty.names.contains) ?? false
  }
}

extension KexecInput {
  /// Every row but the caller's own, in the order in which the kernel writes their properties.
  public static let all: [KexecInput] = [
    .initrd, .coreHeader, .diskKeys, .khoTree, .khoScratch, .imaBuffer, .backup,
  ]

  /// The rows with one property of one tuple, but for the core header.
  package static let buffers = all.filter {
    $0.property != nil && ![initrd, coreHeader].contains($0)
  }

  /// The initrd: its two properties are both addresses.
  public static let initrd = KexecInput(
    "initrd", ChosenProperty.initrdStart, option: "--initrd-at", isPlanned: true,
    segment: "initrd", number: 2, reason: "the initrd, to its exact size", writer: setup,
    reader: .linux("drivers/of/fdt.c", "early_init_dt_check_for_initrd"))

  /// The core header (elfcorehdr) of a crash kernel: within the main crash region, and 64 KiB aligned to be
  /// right for every page size.
  public static let coreHeader = KexecInput(
    "elfcorehdr", ChosenProperty.coreHeader, option: "--elfcorehdr-at", isPlanned: true,
    segment: "elfcorehdr", number: 6, reason: "the elfcorehdr that /proc/vmcore is made of",
    writer: setup, reader: .linux("drivers/of/fdt.c", "early_init_dt_check_for_elfcorehdr"),
    for: [.crash])

  /// The keys of encrypted disks, for a crash kernel that saves its dump there, to their exact size. Only the
  /// running kernel has them: this is for those who do without its help. They take an ``Seeds/rng``: a kernel
  /// deletes the property when it has read it, and only with a seed does it put its checksum right, without
  /// which it has no `/sys/firmware/fdt` (`drivers/of/fdt.c:of_fdt_raw_init`).
  public static let diskKeys = KexecInput(
    "disk keys", ChosenProperty.diskKeys, option: "--dmcryptkeys-at", number: 11,
    reason: "keys of encrypted disks, to save the dump on", writer: setup,
    reader: .linux("drivers/of/fdt.c", "early_init_dt_check_for_dmcryptkeys"), for: [.crash],
    stale: (
      "keys for the last crash kernel",
      .linux("drivers/of/fdt.c", "early_init_dt_check_for_dmcryptkeys")
    ))

  /// KHO's tree of what is preserved, one page; with ``khoScratch`` only.
  ///
  /// Only the running kernel knows the addresses, and which memory the scratch areas are that everything
  /// else has to be loaded to: this is for those who have them from it.
  public static let khoTree = kho(
    "KHO tree", ChosenProperty.khoTree, option: "--kho-fdt", number: 9,
    reason: "what is preserved over the kexec")

  /// KHO's list of scratch areas: 16 bytes each.
  public static let khoScratch = kho(
    "list of KHO scratch areas", ChosenProperty.khoScratch, option: "--kho-scratch",
    number: 10, reason: "the memory to boot in meanwhile")

  /// The buffer with IMA's measurement list.
  public static let imaBuffer = KexecInput(
    "IMA buffer", ChosenProperty.imaBuffer, option: "--ima-buffer-at", isPlanned: true,
    segment: "ima", number: 7,
    reason: """
      the measurement list, which a kernel with CONFIG_KEXEC_FILE takes and frees; what is measured \
      after it was read is missing: it will not match PCR 10 of a TPM, so that a remote verifier does \
      not accept it; and a kernel under lockdown refuses kexec_load anyway
      """, writer: .linux("drivers/of/kexec.c", "setup_ima_buffer"),
    reader: .linux("drivers/of/kexec.c", "ima_get_kexec_buffer"), for: [.kexec],
    isWrittenLast: true,
    stale: (
      "the running kernel has taken this measurement list",
      .linux("drivers/of/kexec.c", "remove_ima_buffer")
    ))

  /// The copy of the memory that a crash kernel itself runs in: ppc64's first 64 KiB.
  public static let backup = KexecInput(
    "backup", nil, option: "--backup-at", segment: "backup", number: 12,
    reason: "the copy of the first 64 KiB",
    writer: .linux("arch/powerpc/kexec/file_load_64.c", "load_backup_segment"),
    reader: .linux("arch/powerpc/kexec/crash.c", "sync_backup_region_phdr"), isReserved: false,
    for: [.crash])

  /// The caller's own bytes, by the property that says where they are.
  public static func extra(_ property: String) -> KexecInput {
    KexecInput(
      "extra \(property)", property, option: "--extra", isPlanned: true, segment: "extra",
      number: 8, reason: "requested", writer: .caller, reader: .caller, isWrittenLast: true,
      stale: ("what \(property) named before", .caller))
  }

  private static func kho(
    _ name: String, _ property: String?, option: String, number: UInt32, reason: String
  ) -> KexecInput {
    KexecInput(
      name, property, option: option, number: number, reason: reason,
      writer: .linux("drivers/of/kexec.c", "kho_add_chosen"),
      reader: .linux("drivers/of/fdt.c", "early_init_dt_check_kho"), isReserved: false,
      for: [.kexec],
      stale: (
        "points to memory that is no longer kept", .linux("drivers/of/kexec.c", "kho_add_chosen")
      ))
  }

  private static let setup = Rule.linux("drivers/of/kexec.c", "of_kexec_alloc_and_setup_fdt")
}

extension KexecInput {
  /// Whether it is a caller's own.
  public var isExtra: Bool { number == 8 }
}

extension KexecInput: Hashable {
  /// Whether both are the same row.
  public static func == (one: KexecInput, other: KexecInput) -> Bool {
    one === other || one.number == other.number && one.property == other.property
  }
  /// The property stands for all of it.
  public func hash(into hasher: inout Hasher) { hasher.combine(property) }
}

extension KexecInput: CustomStringConvertible {
  /// What messages call it.
  public var description: String { name }
}

/// Something that is handed over, and its memory to its exact size.
package struct PlacedInput {
  package let input: KexecInput
  /// The property that says where it is.
  package let property: String
  package let range: PhysicalRange

  /// Nil for an input without a property.
  package init?(_ input: KexecInput, _ range: PhysicalRange) {
    guard let property = input.property else { return nil }
    (self.input, self.property, self.range) = (input, property, range)
  }

  /// The memory, as messages call it; that of secrets is not shown.
  package var place: String { input.isSecret ? "its memory" : "\(range)" }
}
