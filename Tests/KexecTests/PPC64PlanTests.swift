// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import ELF
import KernelImage
import PhysicalMemory
import TestSupport
import Testing

@testable import KexecCheck
@testable import KexecFacts
@testable import KexecMerge
@testable import KexecPlan
@testable import KexecRules
@testable import KexecTree

@Suite struct `A plan for powerpc` {
  @Test(arguments: [ByteOrder.little, .big])
  func `has all that a crash kernel needs`(order: ByteOrder) throws {
    var machine = PowerPCMachine()
    machine.facts.byteOrder = order

    let plan = try machine.plan(forCrash: true)

    #expect(
      Set(plan.segments.map(\.kind))
        == [.kernel(0), .trampoline, .backup, .coreHeader, .initrd, .tree])
    let backup = try #require(plan.segments.first { $0.kind == .backup })
    #expect(backup.range.size == 64 << 10 && backup.bytes.isEmpty)
    let header = try #require(plan.bytes(.coreHeader))
    let first = try #require(try ELFFile(header.span).programHeaders.first { $0.type == 1 })
    #expect(first.physicalAddress == 0 && first.offset == backup.range.start)
    #expect(plan.entry == plan.starts([.trampoline])[0])
    let tree = try DeviceTree(blob: try #require(plan.bytes(.tree)))
    #expect(tree.reservations.contains(backup.range.tuple))
  }

  @Test(arguments: [false, true])
  func `passes its check, from its folder, too`(isForCrash: Bool) throws {
    let machine = PowerPCMachine()

    let folder = LoadFolder(of: try machine.plan(forCrash: isForCrash), on: machine.facts)

    #expect(folder.check().findings == [])
  }

  @Test(
    arguments: [
      Alteration("does not start the kernel") { $0.contents["trampoline.bin"]?[0x60] ^= 1 },
      Alteration("does not start the kernel") { $0.contents["trampoline.bin"]?[0x5c] ^= 1 },
      Alteration("does not start the kernel") { $0.contents["trampoline.bin"]?[0x104] ^= 1 },
      Alteration("does not start the kernel") { $0.contents["kernel.bin"]?[0x60] ^= 1 },
      Alteration("does not start the kernel") { $0.move("backup", to: 0x1700_0000) },
      Alteration("does not start the kernel") { $0.remove("backup") },
      Alteration("overlaps RTAS") { $0.move("initrd", to: 0x1800_0000) },
      Alteration("would be used, and destroyed") {
        $0.edit { try $0.deleteReservation(range(0x1_0000, 0xfff_0000).tuple) }
      },
      Alteration("would be used, and destroyed") {
        $0.edit { try $0.deleteProperty("linux,usable-memory", of: "/memory@20000000") }
      },
      Alteration("has no CPU") { $0.edit { try $0.deleteNode("/cpus") } },
      Alteration("ibm,lmb-size") {
        $0.edit { try $0.addNode("ibm,dynamic-reconfiguration-memory", to: "/") }
      },
    ] as [Alteration<LoadFolder>])
  func `is found to be damaged`(damage: Alteration<LoadFolder>) throws {
    let machine = PowerPCMachine()
    var folder = LoadFolder(of: try machine.plan(forCrash: true), on: machine.facts)
    damage.make(&folder)

    let findings = folder.check().findings.map(\.description)

    #expect(findings.contains { $0.contains(damage.text) }, "\(findings)")
  }

  /// `arch/powerpc/mm/book3s64/hash_utils.c:hash__setup_initial_memory_limit`
  @Test(
    arguments: [
      (.radix, "", 0x3fff_0000), (.hash, "", 0xfff_0000), (nil, "", 0xfff_0000),
      // Without a hypervisor, all memory is in reach.
      (.hash, "ibm,opal { opal-base-address = <0 0x30000000>; };", 0x3fff_0000),
    ] as [(MachineSnapshot.PageTables?, String, UInt64)])
  func `stays within reach of the next kernel's first code`(
    tables: MachineSnapshot.PageTables?, nodes: String, start: UInt64
  ) throws {
    var machine = PowerPCMachine()
    machine.facts.pageTables = tables
    machine.nodes = nodes

    let plan = try machine.plan(forCrash: false)

    #expect(plan.starts([.trampoline]) == [start])
    #expect(plan.segments.allSatisfy { $0.range.end <= start + 0x1_0000 }, "below the crash region")
  }

  /// `arch/powerpc/kexec/core_64.c:machine_kexec_prepare`, `arch/powerpc/kexec/ranges.c`
  @Test func `keeps off the running kernel and the firmware, even when there is no other room`()
    throws
  {
    var machine = PowerPCMachine()
    machine.nodes =
      "ibm,opal { opal-base-address = <0 0x2000000>; opal-runtime-size = <0 0x1000000>; };"
    machine.facts.systemRAM = [range(0, 0x400_0000)]
    let plan = try machine.plan(forCrash: false)
    machine.facts.systemRAM = [range(0, 0x105_0000)]

    let error = #expect(throws: KexecError.self) { try machine.plan(forCrash: false) }

    #expect(plan.segments.allSatisfy { $0.range.start >= 0x100_0000 })
    #expect(plan.segments.allSatisfy { !$0.range.overlaps(range(0x200_0000, 0x100_0000)) })
    #expect(error?.description.contains("the running kernel at 0x0-0xffffff") == true)
  }

  @Test func `tells the trampoline where OPAL is`() throws {
    var machine = PowerPCMachine()
    machine.nodes = """
      ibm,opal {
        opal-base-address = <0 0x30000000>; opal-entry-address = <0 0x30005000>;
        opal-runtime-size = <0 0x1000000>;
      };
      """

    let code = try #require(try machine.plan(forCrash: true).bytes(.trampoline))

    let addresses = try [0x1a8, 0x1b0].map { try code.span.integer(UInt64.self, at: $0, .little) }
    #expect(addresses == [0x3000_0000, 0x3000_5000])
  }

  /// Seen in QEMU: an initrd that is put below a kernel of more than its start is gone when that has
  /// copied itself to address 0 (`arch/powerpc/kernel/head_64.S:__after_prom_start`).
  @Test func `has nothing where the next kernel copies itself to`() throws {
    var machine = PowerPCMachine()
    machine.memorySize = 0x200_0000
    machine.reservations = [range(0x180_0000, 0x100_0000)]

    let plan = try machine.plan(forCrash: false)

    #expect(plan.segments.allSatisfy { $0.range.start >= 0x200_0000 })
    #expect(plan.starts([.kernel(0)]) == [0x280_0000])
    #expect(try #require(plan.starts([.initrd])[0]) >= 0x480_0000)
  }

  @Test func `has no room in a crash region out of reach`() throws {
    var machine = PowerPCMachine()
    machine.facts.pageTables = .hash
    machine.facts.crashRegions = [range(0x2000_0000, 0x1000_0000)]

    let error = #expect(throws: KexecError.self) { try machine.plan(forCrash: true) }

    #expect(error?.description.contains("no room for the kernel") == true)
  }
}

/// A logical partition of two memory nodes with 1 GiB, and a kernel of 16 MiB that runs.
struct PowerPCMachine {
  var facts = MachineSnapshot(
    pageSize: 65536, systemRAM: [range(0, 0x4000_0000)],
    crashRegions: [range(0x1000_0000, 0x1000_0000)])
  var nodes = ""
  var memorySize: UInt64 = 0xa_0000
  var reservations: [PhysicalRange] = []
  var measurements: [UInt8]?
  var extras: [KexecRequest.Input] = []
  var givenCoreHeader: [UInt8]?

  init() { facts.pageTables = .radix }

  func plan(forCrash: Bool) throws -> KexecPlan {
    let kernel = KernelBuilder.ppc64Kernel(
      size: 0x9_1234, memorySize: memorySize, isBigEndian: facts.byteOrder == .big)
    let tree = try DeviceTree(
      blob: Fixtures.compile(
        """
        /dts-v1/; / { #address-cells = <2>; #size-cells = <2>;
          chosen { linux,kernel-end = <0 0x1000000>; };
          cpus { #address-cells = <1>; #size-cells = <0>;
            cpu@0 { device_type = "cpu"; reg = <0>; ibm,ppc-interrupt-server#s = <0>; }; };
          memory@0 { device_type = "memory"; reg = <0 0 0 0x20000000>; };
          memory@20000000 { device_type = "memory"; reg = <0 0x20000000 0 0x20000000>; };
          rtas { linux,rtas-base = <0x18000000>; rtas-size = <0x83c>; };
          \(nodes)
        };
        """))
    var request = KexecRequest(
      for: forCrash || givenCoreHeader != nil ? .crash : .kexec, .ppc64, tree: tree, on: facts,
      commandLine: "quiet", seeds: .none,
      inputs: [.init(.initrd, .bytes([UInt8](repeating: 7, count: 5000)))] + extras)
    request.reservations = reservations
    request[.imaBuffer] = measurements.map { .bytes($0) }
    request[.coreHeader] = givenCoreHeader.map { .bytes($0) }
    if forCrash {
      request.machine.memory = facts.systemRAM ?? []
      request.machine.excluded = facts.crashRegions
      request.machine.cpuNotes = [range(0x100_1000, 0x1a8)]
      request.machine.vmcoreinfoNote = range(0x100_2000, 0x1024)
    }
    return try KexecPlan(request, starting: try KernelImage(kernel.span), kernel)
  }
}
