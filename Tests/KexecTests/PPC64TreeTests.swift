// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import PhysicalMemory
import TestSupport
import Testing

@testable import KexecCheck
@testable import KexecFacts
@testable import KexecMerge
@testable import KexecPlan
@testable import KexecRules
@testable import KexecTree

/// A crash kernel of 256 MiB in the first GiB.
private let main = range(0x1000_0000, 0x1000_0000)
private let crash = Crash(
  coreHeader: range(0x1010_0000, 0x1000), usableMemory: [main], backup: 0x1011_0000)

@Suite struct `The memory of a crash kernel on powerpc` {
  @Test(
    arguments: [
      // One node, cut at the end of the crash kernel's memory.
      ("memory@0", "<0 0 0 0x28000000>", "<0x0 0x0 0x0 0x20000000>"),
      // One with nothing usable: it is passed over.
      ("memory@40000000", "<0 0x40000000 0 0x40000000>", "<0x0 0x0 0x0 0x0>"),
      // Two ranges, out of order, of which one is cut and one is whole.
      (
        "memory@0", "<0 0x18000000 0 0x10000000  0 0 0 0x8000000>",
        "<0x0 0x0 0x0 0x8000000 0x0 0x18000000 0x0 0x8000000>"
      ),
      // The firmware's memory, wherever it is.
      (
        "memory@20000000", "<0 0x20000000 0 0x20000000>", "<0x0 0x2fff0000 0x0 0x83c>"
      ),
    ] as [(String, String, String)])
  func `is named node by node`(name: String, reg: String, usable: String) throws {
    let tree = try pseries(
      memory: """
        \(name) { device_type = "memory"; reg = \(reg); };
        memory@10000000 { device_type = "memory"; reg = <0 0x10000000 0 0x10000000>; };
        """)

    let next = try DeviceTree(blob: nextTree(of: tree, crash).blob)

    let value = try #require(try next.property("linux,usable-memory", of: "/" + name))
    #expect(value.sourceText == usable)
  }

  /// `arch/powerpc/kernel/prom.c:early_init_drmem_lmb`: readers pass over a block that is not assigned, or
  /// reserved, before they take its counter.
  @Test(
    arguments: [
      ("<3  0 0 1 0 0 0x8  0 0x10000000 2 0 0 0x8  0 0x20000000 3 0 0 0x8>", false),
      ("<3  0 0 1 0 0 0x8  0 0x10000000 2 0 0 0x8  0 0x20000000 3 0 0 0x0>", false),
      // In the middle: one that is not assigned, one that is reserved.
      (
        "<4  0 0 1 0 0 0x8  0 0x8000000 9 0 0 0  0 0x10000000 2 0 0 0x8  0 0x20000000 3 0 0 0x88>",
        false
      ),
      ("<3  1 0 0 1 0 0x8  1 0 0x10000000 2 0 0x8  2 0 0x20000000 3 0 0x8>", true),
      ("<3  1 0 0 1 0 0  1 0 0x10000000 2 0 0x8  2 0 0x20000000 3 0 0x8>", true),
    ])
  func `is named block by block, as readers count them`(blocks: String, isNew: Bool) throws {
    let property = isNew ? "ibm,dynamic-memory-v2" : "ibm,dynamic-memory"
    let tree = try pseries(
      memory: """
        ibm,dynamic-reconfiguration-memory {
          ibm,lmb-size = <0 0x10000000>; \(property) = \(blocks);
        };
        """)

    let next = try DeviceTree(blob: nextTree(of: tree, crash).blob)

    let all = PhysicalRangeSet(try TreeMemory(of: tree).ram)
    let usable = PhysicalRangeSet(try TreeMemory(of: next).ram)
    let allowed = PhysicalRangeSet([range(0, main.end), range(0x2fff_0000, 0x83c)])
    #expect(usable == all.intersection(allowed))
    #expect(usable.contains(main))
  }

  /// A counter for each block in use, then as many addresses and sizes.
  @Test func `is named block by block, in the kernel's words`() throws {
    let tree = try pseries(
      memory: """
        ibm,dynamic-reconfiguration-memory {
          ibm,lmb-size = <0 0x18000000>;
          ibm,dynamic-memory-v2 = <2  2 0 0 1 0 0x8  3 0 0x30000000 2 0 0>;
        };
        """)

    let next = try DeviceTree(blob: nextTree(of: tree, crash).blob)

    let value = try next.property(
      "linux,drconf-usable-memory", of: "/ibm,dynamic-reconfiguration-memory")
    #expect(
      value
        == .cells([
          0, 1, 0, 0, 0, 0x1800_0000,
          0, 2, 0, 0x1800_0000, 0, 0x800_0000, 0, 0x2fff_0000, 0, 0x83c,
        ]))
  }

  @Test func `is the same when it is named again`() throws {
    let tree = try source("qemu-ppc64-pseries")
    let once = try nextTree(of: tree, crash)

    let twice = try nextTree(of: DeviceTree(blob: once.blob), crash)

    #expect(twice.blob == once.blob)
    #expect(twice.changes.filter { $0.action != .kept } == [])
  }

  @Test func `is free again when an ordinary kexec follows`() throws {
    let tree = try source("qemu-ppc64-pseries")
    let direct = try DeviceTree(blob: nextTree(of: tree, nil).blob)

    let after = try DeviceTree(
      blob: nextTree(of: DeviceTree(blob: nextTree(of: tree, crash).blob), nil).blob)

    #expect(direct.compared(with: after).differences == [])
  }

  @Test func `leaves the firmware's 64 KiB reserved, which a backup is as large as`() throws {
    var tree = try source("qemu-ppc64-pseries")
    let firmware = AddressAndSize(address: 0x1fff_0000, size: 0x1_0000)
    try tree.addReservation(firmware)
    try tree.setProperty("linux,rtas-base", of: "/rtas", to: .u32(0x1fff_0000))
    try tree.setProperty("rtas-size", of: "/rtas", to: .u32(0x83c))

    let once = try DeviceTree(blob: nextTree(of: tree, crash).blob)
    let after = try DeviceTree(blob: nextTree(of: once, nil).blob)

    #expect(try nextTree(of: once, crash).blob == once.blob)
    #expect(after.reservations.contains(firmware))
  }

  @Test(
    arguments: [
      ("memory@0 { device_type = \"memory\"; reg = <0 0 0>; };", "/memory@0: 'reg'"),
      (
        """
        ibm,dynamic-reconfiguration-memory {
          ibm,lmb-size = <0 0x10000000>; ibm,dynamic-memory = <2 0 0 1 0 0 8>;
        };
        """, "'ibm,dynamic-memory' has 28 bytes"
      ),
      (
        """
        ibm,dynamic-reconfiguration-memory {
          ibm,lmb-size = <0x10000000>; ibm,dynamic-memory = <1 0 0 1 0 0 8>;
        };
        """, "ibm,lmb-size"
      ),
      (
        """
        ibm,dynamic-reconfiguration-memory {
          ibm,lmb-size = <0 0x10000000>;
          ibm,dynamic-memory-v2 = <1 0xffffffff 0 0 0 0 8>;
        };
        """, "4294967295 blocks are more than any machine has"
      ),
      (
        """
        ibm,dynamic-reconfiguration-memory {
          ibm,lmb-size = <0x10000000 0>;
          ibm,dynamic-memory-v2 = <1 0xffff 0 0 0 0 8>;
        };
        """, "end after 2^64"
      ),
    ])
  func `is refused where the tree cannot be read`(memory: String, text: String) throws {
    let tree = try pseries(memory: memory)

    let error = #expect(throws: KexecError.self) { try nextTree(of: tree, crash) }

    #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
  }

  /// The kernel writes two cells whatever the root says, which such a reader would misread.
  @Test func `has the root's cells`() throws {
    let tree = try DeviceTree(
      blob: Fixtures.compile(
        """
        /dts-v1/; / { #address-cells = <1>; #size-cells = <1>;
          memory@0 { device_type = "memory"; reg = <0 0x40000000>; };
          cpus { #address-cells = <1>; #size-cells = <0>;
            cpu@0 { device_type = "cpu"; reg = <0>; }; };
        };
        """))

    let next = try DeviceTree(blob: nextTree(of: tree, crash).blob)

    #expect(
      try next.property("linux,usable-memory", of: "/memory@0")?.sourceText == "<0x0 0x20000000>")
    #expect(try TreeMemory(of: next, for: .ppc64).usable.ranges == [range(0, main.end)])
  }

  @Test func `is refused in blocks of a root with one cell`() throws {
    let tree = try DeviceTree(
      blob: Fixtures.compile(
        """
        /dts-v1/; / { #address-cells = <1>; #size-cells = <1>;
          ibm,dynamic-reconfiguration-memory { ibm,lmb-size = <0 0x10000000>; };
          cpus { cpu@0 { device_type = "cpu"; }; };
        };
        """))

    let error = #expect(throws: KexecError.self) { try nextTree(of: tree, crash) }

    #expect(error?.description.contains("two cells") == true)
  }
}

@Suite struct `An ordinary kexec out of a crash kernel on powerpc` {
  /// What crash kernels saw that were loaded by the kernel and by kexec-tools, of which only the first says
  /// which memory it had.
  @Test(
    arguments: [
      ("pseries-6.12", "crash-kexec-tools"), ("pseries-7.2-kf", "crash-kernel"),
    ])
  func `has all memory again`(name: String, tree: String) throws {
    let seen = try DeviceTree(
      blob: contents(of: Fixtures.machine(name) + "/oracle/\(tree).seen.dtb"))
    let rtas = try #require(seen.rtas)

    let next = try DeviceTree(blob: nextTree(of: seen, nil).blob)

    let kept = next.reservations.compactMap(\.memory)
    #expect(kept.contains(rtas) && kept.allSatisfy { $0.overlaps(rtas) }, "\(kept)")
    #expect(seen.reservations.count > next.reservations.count + 2)
    #expect(try TreeMemory(of: next, for: .ppc64).ram == [range(0, 2 << 30)])
  }

  @Test func `has no trace of the crashed machine in a board's tree`() throws {
    let folder = try Fixtures.machine("pseries-7.2-kf")
    let seen = try DeviceTree(blob: contents(of: folder + "/oracle/crash-kernel.seen.dtb"))
    let board = try DeviceTree(blob: contents(of: folder + "/sys/firmware/fdt"))

    let merge = try TreeMerge(of: board, with: MachineTree(seen, name: "seen"))

    let rtas = try #require(seen.rtas)
    #expect(merge.tree.reservations == board.reservations + [AddressAndSize(rtas)])
  }
}

@Suite struct `The tree of a powerpc machine` {
  @Test func `has the CPUs and windows of the running kernel`() throws {
    let tree = try pseries()
    var live = tree
    try live.setProperty("ibm,dma-window", of: "/pci@1", to: .cells([1, 2, 3]))
    try live.setProperty("linux,dma64-ddr-window-info", of: "/pci@1", to: .cells([4]))
    try live.setProperty("linux,kernel-end", of: "/chosen", to: .u64(0x100_0000))
    try live.deleteNode("/cpus/PowerPC,POWER9@0")
    try live.addNode("PowerPC,POWER9@10", to: "/cpus")
    for (name, value) in [("device_type", PropertyValue.string("cpu")), ("reg", .u32(16))] {
      try live.setProperty(name, of: "/cpus/PowerPC,POWER9@10", to: value)
    }
    var facts = MachineSnapshot()
    facts.liveTree = live

    let next = try nextTree(of: tree, nil, on: facts)

    let finished = try DeviceTree(blob: next.blob)
    #expect(
      try Set(finished.children(of: "/cpus")) == ["PowerPC,POWER9@8", "PowerPC,POWER9@10", "l2"])
    #expect(try finished.property("ibm,dma-window", of: "/pci@1") == .cells([1, 2, 3]))
    #expect(try finished.chosen("linux,kernel-end") == nil)
    let changed = next.changes.map(\.description)
    for text in [
      "removed /cpus/PowerPC,POWER9@0", "added /cpus/PowerPC,POWER9@10",
      "added /pci@1: ibm,dma-window", "as the hypervisor has it now",
    ] {
      #expect(changed.contains { $0.contains(text) }, "\(text): \(changed)")
    }
  }

  @Test func `keeps its CPUs when they are the same but for their names`() throws {
    let tree = try pseries()
    var live = tree
    try live.setProperty(
      "name", of: "/cpus/PowerPC,POWER9@0", to: .string("PowerPC,POWER9"))
    var facts = MachineSnapshot()
    facts.liveTree = live

    let next = try nextTree(of: tree, nil, on: facts)

    #expect(!next.changes.contains { "\($0.subject)".contains("cpus") })
  }

  @Test func `has the firmware's memory reserved, exactly`() throws {
    let tree = try pseries(
      root: "reserved-ranges = <0 0x30000000 0 0x10000>;",
      bridge: "linux,tce-base = <0 0x3e000000>; linux,tce-size = <0x80000>;")

    let next = try DeviceTree(blob: nextTree(of: tree, nil).blob)

    let kept = [
      range(0x2fff_0000, 0x83c), range(0x3e00_0000, 0x8_0000), range(0x3000_0000, 0x1_0000),
    ]
    for range in kept { #expect(next.reservations.contains(AddressAndSize(range))) }
  }

  @Test(arguments: ["/delete-node/ cpus;", "cpus { /delete-node/ PowerPC,POWER9@0; };"])
  func `is refused without CPUs`(edit: String) throws {
    let tree = try pseries(cpus: edit.contains("/ cpus") ? nil : "l2 { };")

    let error = #expect(throws: KexecError.self) { try nextTree(of: tree, nil) }

    #expect(error?.description.contains("has no CPU") == true)
  }

  /// `arch/powerpc/kernel/prom.c:early_reserve_mem_dt` reads whole pairs.
  @Test func `may have bytes after its reserved ranges`() throws {
    let tree = try pseries(root: "reserved-ranges = <0 0x30000000 0 0x10000 7>;")

    let next = try DeviceTree(blob: nextTree(of: tree, nil).blob)

    #expect(next.reservations.contains(AddressAndSize(range(0x3000_0000, 0x1_0000))))
  }

  @Test func `has OPAL reserved, and the keystore's password kept and not shown`() throws {
    var tree = try pseries(
      bridge:
        "} ; ibm,opal { opal-base-address = <0 0x31000000>; opal-runtime-size = <0 0x1000000>;")
    try tree.setProperty("ibm,plpks-pw", of: "/chosen", to: .string("open sesame"))

    let next = try nextTree(of: tree, crash)

    let finished = try DeviceTree(blob: next.blob)
    #expect(finished.reservations.contains(AddressAndSize(range(0x3100_0000, 0x100_0000))))
    #expect(try finished.chosen("ibm,plpks-pw") == .string("open sesame"))
    let told = next.changes.map(\.description)
    #expect(
      told.contains { $0.contains("kept /chosen: ibm,plpks-pw (12 secret bytes)") }, "\(told)")
  }

  @Test func `is refused when RTAS cannot be read, and with a second piece of memory`() throws {
    var tree = try pseries()
    try tree.setProperty("rtas-size", of: "/rtas", to: .cells([1, 2, 3]))
    var two = crash
    two.usableMemory.append(range(0x800_0000, 0x100_0000))

    let first = #expect(throws: KexecError.self) { try nextTree(of: tree, nil) }
    let second = #expect(throws: KexecError.self) { try nextTree(of: pseries(), two) }

    #expect(first?.description.contains("/rtas") == true)
    #expect(second?.description.contains("one range of usable memory") == true)
  }

  /// Many of everything: time is linear in it, or there is an error.
  @Test func `may have any number of nodes and reservations`() throws {
    let count = 20_000
    let cells = ["#address-cells", "#size-cells"].map { Property($0, .u32(2)) }
    let ranges = (0..<UInt32(count)).flatMap { [0, $0 << 16, 0, 0x1000] as [UInt32] }
    let memory = (0..<UInt32(count)).map { number in
      Node(
        "memory@\(String(UInt64(number) << 16, radix: 16))",
        properties: [
          Property("device_type", .string("memory")),
          Property("reg", .cells([0, number << 16, 0, 1 << 16])),
        ])
    }
    let cpus = Node(
      "cpus", children: [Node("cpu@0", properties: [.init("device_type", .string("cpu"))])])
    let many = try DeviceTree(root: Node("", properties: cells, children: memory + [cpus]))
    let reserved = try DeviceTree(
      root: Node(
        "", properties: cells + [Property("reserved-ranges", .cells(ranges))], children: [cpus]))

    let next = try nextTree(of: many, crash)
    let error = #expect(throws: KexecError.self) { try nextTree(of: reserved, nil) }

    #expect(
      next.changes.count { $0.action == .added && "\($0.subject)".contains("memory@") } == count)
    #expect(error?.description.contains("20000 entries are more than any machine has") == true)
  }

  /// RTAS may lie where no memory is: nothing of it is dumped or used, and it is reserved all the same.
  @Test func `may have RTAS outside of its memory`() throws {
    let tree = try pseries(rtas: 0x7fff_0000)

    let next = try DeviceTree(blob: nextTree(of: tree, crash).blob)

    #expect(next.reservations.contains(AddressAndSize(range(0x7fff_0000, 0x83c))))
    #expect(try TreeMemory(of: next).ram == [range(0, main.end)])
  }
}

private func nextTree(
  of tree: DeviceTree, _ crash: Crash?, on machine: MachineSnapshot = MachineSnapshot()
) throws -> NextTree {
  let handover = KexecRequest(commandLine: "console=hvc0", seeds: fixedSeeds, crash: crash)
  return try NextTree(from: tree, for: .ppc64, handover: handover, machine: machine)
}

/// A machine with two CPUs, RTAS, and a PCI host bridge.
private func pseries(
  root: String = "",
  memory: String = "memory@0 { device_type = \"memory\"; reg = <0 0 0 0x40000000>; };",
  cpus: String? = """
  PowerPC,POWER9@0 { device_type = "cpu"; reg = <0>; };
  PowerPC,POWER9@8 { device_type = "cpu"; reg = <8>; };
  l2 { };
  """, bridge: String = "", rtas: UInt32 = 0x2fff_0000
) throws -> DeviceTree {
  try DeviceTree(
    blob: Fixtures.compile(
      """
      /dts-v1/; / { #address-cells = <2>; #size-cells = <2>; \(root)
        chosen { };
        \(cpus.map { "cpus { #address-cells = <1>; #size-cells = <0>; \($0) };" } ?? "")
        \(memory)
        rtas { linux,rtas-base = <\(rtas)>; rtas-size = <0x83c>; };
        pci@1 { device_type = "pci"; \(bridge) };
      };
      """))
}
