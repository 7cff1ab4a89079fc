// SPDX-License-Identifier: Apache-2.0

import DeviceTree
package import KexecFacts
import PhysicalMemory

extension DeviceTree {
  /// What to say of memory that is in a dump and cannot be read there.
  ///
  /// OpenSBI keeps memory to itself and lists it as `mmode_resv`; where it does not say `no-map`, that
  /// is RAM like any other to the kernel, which describes it in the core header. The first program
  /// that reads it there gets a bus error. Seen with OpenSBI 1.1 in QEMU 7.2 and makedumpfile.
  package func warningsOfFirmwareMemory(in crash: MachineSnapshot?) -> [Finding] {
    guard let crash else { return [] }
    let dumped = PhysicalRangeSet(crash.memory).subtracting(PhysicalRangeSet(crash.excluded))
    return reservedMemory().filter { region in
      region.place.split(separator: "/").last?.hasPrefix("mmode_resv") == true
        && ((try? property("no-map", of: region.place)) ?? nil) == nil
        && !dumped.intersection(PhysicalRangeSet([region.range])).isEmpty
    }.map { region in
      Finding(
        region.place,
        "\(region.range) is the firmware's, and RAM in the elfcorehdr as it is not no-map: a program "
          + "that reads it in the dump gets a bus error; exclude it",
        rule: .linux("drivers/of/of_reserved_mem.c", "early_init_dt_reserve_memory"))
    }
  }

  /// What to say of the interrupt controller's tables, which outlive an ordinary kexec.
  ///
  /// A GICv3 with an ITS keeps writing to tables in RAM that the first kernel gave it, and the next one
  /// takes them over. Only UEFI's memory map can say that they are reserved
  /// (`drivers/firmware/efi/efi.c:efi_mem_reserve_persistent`); without UEFI no file does, and a
  /// kernel that is placed over them dies. Seen with Debian's 6.12 in QEMU.
  package func warningOfInterruptTables() -> Finding? {
    guard !isOfUEFI, hasNode(compatibleWith: "arm,gic-v3-its") else { return nil }
    return Finding(
      "memory",
      "the interrupt controller's tables are in RAM that no file lists; the kernel's log does "
        + "(\"GICv3: ... table\"): reserve them, or boot with irqchip.gicv3_nolpi=y",
      rule: .linux("drivers/irqchip/irq-gic-v3-its.c", "gic_reserve_range"))
  }

  /// Whether a node, up to three levels deep, says that it is such a device.
  private func hasNode(compatibleWith name: String) -> Bool {
    func search(_ node: String, _ depth: Int) -> Bool {
      let names = (try? children(of: node)) ?? []
      return names.contains { child in
        let path = node == "/" ? "/" + child : node + "/" + child
        let strings = ((try? property("compatible", of: path)) ?? nil)?.strings
        return strings?.contains(name) == true || depth > 1 && search(path, depth - 1)
      }
    }
    return search("/", 3)
  }
}
