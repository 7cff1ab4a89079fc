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
        "\(region.range) is the firmware's, and RAM in the core header as it is not no-map: a program "
          + "that reads it in the dump gets a bus error; exclude it",
        rule: .linux("drivers/of/of_reserved_mem.c", "early_init_dt_reserve_memory"))
    }
  }
}
