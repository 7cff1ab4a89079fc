// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import PhysicalMemory
import RunningKernel
import SystemPackage
import TestSupport
import Testing

@Suite struct `The memory that a tree tells of` {
  /// What the kernel made of the same tree: `System RAM` of `/proc/iomem`, where neighbours of other
  /// NUMA nodes stay apart and `no-map` memory is missing.
  @Test(arguments: [
    "arm64-virt-6.12-kf", "arm64-virt-1g-6.1", "arm64-virt-2g-6.12-kf",
    "arm64-virt-6g-highlow-6.12-kf", "riscv64-virt-7.2-kf", "riscv64-virt-6.12", "pseries-7.2-kf",
    "pseries-6.12",
  ])
  func `is what the kernel found`(name: String) throws {
    let machine = RunningKernel(root: FilePath(try Fixtures.machine(name)))
    let map = try #require(try machine.memoryMap())

    let memory = try TreeMemory(of: DeviceTree(blob: machine.flatTree()))

    let found = PhysicalRangeSet(map.systemRAM + map.reserved)
    #expect(PhysicalRangeSet(memory.ram).subtracting(found).isEmpty)
    #expect(PhysicalRangeSet(map.systemRAM).subtracting(memory.usable).isEmpty)
  }

  @Test(arguments: ["arm64-virt-uefi-dt-6.12-kf", "arm64-virt-uefi-acpi-6.12"])
  func `is refused on a machine with UEFI`(name: String) throws {
    let machine = RunningKernel(root: FilePath(try Fixtures.machine(name)))
    let tree = try DeviceTree(blob: machine.flatTree())

    #expect(throws: KexecError.memoryIsOfUEFI) { try TreeMemory(of: tree) }
  }

  @Test func `counts every tuple of every node that is there`() throws {
    let memory = try memory(
      """
      memory@0 { device_type = "memory"; reg = <0x0 0x1000 0x8000 0x1000 0x9000 0>; };
      memory@10000 { device_type = "memory"; reg = <0x10000 0x1000>; status = "disabled"; };
      memory@20000 { reg = <0x20000 0x1000>; };
      memory@30000 { device_type = "memory"; reg = <0x30000 0x9000>;
        linux,usable-memory = <0x30000 0x1000>; hotpluggable; };
      other { memory@40000 { device_type = "memory"; reg = <0x40000 0x1000>; }; };
      """)

    #expect(memory.ram == [range(0, 0x1000), range(0x8000, 0x1000), range(0x30000, 0x1000)])
    #expect(memory.hotpluggable == [range(0x30000, 0x1000)])
  }

  /// `drivers/of/fdt.c:early_init_dt_check_for_usable_mem_range`.
  @Test(arguments: [
    ("<0x4000 0x1000>", ["0x4000-0x4fff"]),
    ("<0x4000 0x1000 0x1000 0x800>", ["0x1000-0x17ff", "0x4000-0x4fff"]),
    ("<0x4000 0x1000 0x1000 0x800 0x2000 0x800>", ["0x1000-0x17ff", "0x4000-0x4fff"]),
    ("<0x4000 0x1000 0x90000 0x800>", ["0x4000-0x4fff", "0x90000-0x907ff"]),
    ("<0x4000 0>", ["0x0-0xffff"]), ("<0x4000>", ["0x0-0xffff"]), ("<>", ["0x0-0xffff"]),
  ])
  func `is capped as a crash kernel caps it`(property: String, usable: [String]) throws {
    let memory = try memory(
      """
      chosen { linux,usable-memory-range = \(property); };
      memory@0 { device_type = "memory"; reg = <0x0 0x10000>; };
      """)

    #expect(memory.usable.ranges.map(\.description) == usable)
  }

  @Test func `has what is reserved, and what has no place yet`() throws {
    let memory = try TreeMemory(of: source("reserved-memory"))

    #expect(memory.ram == [range(0x8000_0000, 0x4000_0000)])
    for kept in [range(0xbe00_0000, 0x1e0_0000), range(0xa000_0000, 0x800_0000)] {
      #expect(memory.reserved.contains(kept))
    }
    #expect(memory.unplaced == ["/reserved-memory/video-pool"])
  }

  @Test func `has the assigned blocks of powerpc`() throws {
    let memory = try TreeMemory(of: source("qemu-ppc64-pseries"))

    #expect(PhysicalRangeSet(memory.ram).size == 2 << 30)
  }

  /// `arch/powerpc/mm/drmem.c`: rows of blocks, and counters for those that are used.
  @Test(arguments: [
    ("", ["0x0-0x1fffffff", "0x30000000-0x3fffffff"]),
    (
      "linux,drconf-usable-memory = <0 1 0 0 0 0x1000 0 0 0 2 0 0x30000000 0 0x10 0 0x30001000 0 0x20>;",
      ["0x0-0xfff", "0x30000000-0x3000000f", "0x30001000-0x3000101f"]
    ),
    ("linux,drconf-usable-memory = <0 0xffffffff>;", []),
    ("linux,drconf-usable-memory = <0>;", []),
  ])
  func `has rows of blocks, as far as they are usable`(
    usable: String, ranges: [String]
  ) throws {
    let tree = try DeviceTree(
      blob: Fixtures.compile(
        """
        /dts-v1/; / { #address-cells = <2>; #size-cells = <2>;
          ibm,dynamic-reconfiguration-memory {
            ibm,lmb-size = <0 0x10000000>; \(usable)
            ibm,dynamic-memory-v2 = <4  2 0 0 0 0 0x8  1 0 0x20000000 0 0 0x0
              1 0 0x30000000 0 0 0x8  0xffffffff 0xffffffff 0 0 0 0x88>;
          };
        };
        """))

    #expect(try TreeMemory(of: tree).ram.map(\.description) == ranges)
  }

  private func memory(_ nodes: String) throws -> TreeMemory {
    try TreeMemory(
      of: DeviceTree(
        blob: Fixtures.compile(
          "/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; \(nodes) };")))
  }
}
