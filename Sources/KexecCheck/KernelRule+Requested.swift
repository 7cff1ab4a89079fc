// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts
import KexecRules
import PhysicalMemory

extension KernelRule {
  /// What a tree that was just made must say, and what it must not touch.
  static let requested: [KernelRule] = [
    .init(
      "requested-reservations", .newTree, at: "reservations",
      "what was requested is reserved, and no more", by: .fdt("early_init_fdt_scan_reserved_mem")
    ) { new, _ in
      let all = new.tree.tree.reservations
      guard all != new.wanted.reservations else { return [] }
      let (found, wanted) = (Set(all), Set(new.wanted.reservations))
      return wanted.subtracting(found).sorted().map { "\($0.text) is missing" }
        + found.subtracting(wanted).sorted().map { "\($0.text) was not requested" }
    },
    .init(
      "rest-of-tree", .newTree, at: "/",
      "all but /chosen and reservations is the same, byte for byte", by: setup
    ) { new, _ in
      let (edited, tree) = (new.wanted.edited, new.tree.tree)
      let isSame =
        edited.hasSameBytes(as: tree, besides: "chosen") && edited.bootCPU == tree.bootCPU
      return isSame ? [] : ["more than /chosen was changed"]
    },
    .init(
      "rest-of-chosen", .newTree, at: "/chosen", "other properties of /chosen are the same",
      by: setup
    ) {
      new, _ in
      let before = new.wanted.chosen
      func rest(_ all: [Property]) -> [Property] {
        all.filter { !new.wanted.written.contains(where: $0.isNamed) }
      }
      return rest(before) == rest(new.tree.chosen)
        ? [] : ["a property besides the hand-over was changed"]
    },
    requested(
      "requested-bootargs", ChosenProperty.commandLine, "the command line is the requested one",
      by: .fdt("early_init_dt_scan_chosen")
    ) { $0.commandLine.map { $0 + [0] } },
    .init(
      "requested-initrd", .newTree, at: property(ChosenProperty.initrdStart),
      "the initrd is the requested one", by: .fdt("early_init_dt_check_for_initrd")
    ) { new, _ in
      let found = ChosenProperty.initrd.map { new.tree[$0]?.number }
      let initrd = new.wanted.initrd
      return found == [initrd?.start, initrd?.end] ? [] : ["is not the requested initrd"]
    },
    .init(
      "requested-crash-memory", .newTree, at: "/chosen",
      "elfcorehdr and memory of a crash kernel are the requested ones",
      by: .fdt("early_init_dt_scan_chosen"), for: [.crash]
    ) { new, _ in
      let crash = new.wanted.crash
      let wanted = [
        (ChosenProperty.coreHeader, crash.map { [$0.coreHeader] }),
        (ChosenProperty.usableMemory, crash?.usableMemory),
      ]
      return wanted.filter { new.tree.tuples($0) != $1?.map(AddressAndSize.init) }.map { name, _ in
        Problem("is not the requested memory", at: property(name))
      }
    },
    .init(
      "requested-buffers", .newTree, at: "/chosen", "each buffer is at its requested address",
      by: setup
    ) { new, _ in
      new.wanted.buffers.filter { new.tree.tuples($0.property) != [AddressAndSize($0.range)] }.map {
        Problem("is not the requested memory", at: property($0.property), by: $0.input.reader)
      }
    },
    requested(
      "requested-kaslr-seed", ChosenProperty.kaslrSeed, "the seed for KASLR is the given one",
      by: .ofTree(.linux("arch/arm64/kernel/pi/kaslr_early.c", "get_kaslr_seed"))
    ) { $0.seeds.kaslr },
    requested(
      "requested-rng-seed", ChosenProperty.rngSeed,
      "the seed of the random number generator is the given one",
      by: .fdt("early_init_dt_scan_chosen")
    ) { $0.seeds.rng },
    requested(
      "booted-from-kexec", ChosenProperty.bootedFromKexec,
      "an empty property says that no firmware ran in between",
      by: .ofTree(.linux("arch/powerpc/kernel/setup_64.c", "use_spinloop"))
    ) { _ in [] },
  ]

  /// A property of `/chosen` that has exactly the requested bytes.
  private static func requested(
    _ id: String, _ name: String, _ demand: String, by reader: RuleReader,
    bytes: @escaping @Sendable (RequestedTree) -> [UInt8]?
  ) -> KernelRule {
    .init(id, .newTree, at: property(name), demand, by: reader) { new, _ in
      let found = new.tree[name]?.bytes
      guard found != bytes(new.wanted) else { return [] }
      return [found == nil ? "missing" : "does not have the requested value"]
    }
  }

  private static let setup = RuleReader.kexec("of_kexec_alloc_and_setup_fdt")
}
