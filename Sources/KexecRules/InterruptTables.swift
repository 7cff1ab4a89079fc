// SPDX-License-Identifier: Apache-2.0

import DeviceTree
package import KexecFacts

extension DeviceTree {
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
      "the interrupt controller's tables are in RAM that no file tells of; the kernel's log does "
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
