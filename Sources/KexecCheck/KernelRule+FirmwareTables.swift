// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts
import KexecRules

extension KernelRule {
  /// What leads to UEFI, and to ACPI.
  static let firmwareTables: [KernelRule] = [
    .init(
      "uefi-whole", .tree, at: property("linux,uefi-*"),
      "all properties that lead to UEFI are there, or none, in one or two cells; and none gets lost",
      by: .linux("drivers/firmware/efi/fdtparams.c", "efi_get_fdt_params"), for: any
    ) { tree, reading in
      let isOfUEFI = reading.requested?.base.isOfUEFI == true
      guard isOfUEFI || ChosenProperty.uefi.contains(where: { tree[$0] != nil }) else { return [] }
      return ChosenProperty.uefi.filter { tree[$0]?.number == nil }.map { name in
        Problem(
          tree[name].map { "\($0.bytes.count) bytes; the kernel reads 4 or 8" }
            ?? "missing; without it UEFI is not found", at: property(name))
      }
    },
    .init(
      "acpi-stays", .newTree, at: "/",
      "a tree that lets a kernel with UEFI use ACPI goes on doing so",
      by: RuleReader { $0.stubTrees?.rule }
    ) { new, reading in
      guard let stubs = reading.architecture.stubTrees, new.wanted.base.isOfUEFI,
        stubs.contains(new.wanted.base), !stubs.contains(new.tree.tree)
      else { return [] }
      return ["a node besides /chosen would turn ACPI off"]
    },
    .init(
      "hardware-stays", .newTree, at: "/", "a tree that describes hardware goes on doing so",
      by: RuleReader { $0.stubTrees?.rule }
    ) { new, reading in
      guard let stubs = reading.architecture.stubTrees, !stubs.contains(new.wanted.base),
        stubs.contains(new.tree.tree)
      else { return [] }
      return ["without a node besides /chosen it asks for ACPI"]
    },
  ]
}
