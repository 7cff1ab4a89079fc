// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import PhysicalMemory
import TestSupport
import Testing

@Suite struct `A hand-over` {
  @Test func `leaves nothing of the last one`() throws {
    let base = try source("stale-handover")

    let tree = try patched(base, KexecRequest(commandLine: "new", seeds: fixedSeeds))

    #expect(
      Set(try tree.properties(of: "/chosen").map(\.name)) == [
        "stdout-path", "bootargs", "kaslr-seed", "rng-seed", "linux,booted-from-kexec",
      ])
    #expect(tree.reservations == [AddressAndSize(address: 0x4000_0000, size: 0x80000)])
  }

  @Test func `changes nothing but chosen and reservations`() throws {
    let base = try source("stale-handover")

    let tree = try patched(base)

    let nodes = base.compared(with: tree).differences.compactMap { difference in
      if case .property(_, let node, _, _) = difference { node } else { nil }
    }
    #expect(Set(nodes) == ["/chosen"])
  }

  @Test(arguments: Fixtures.sources.filter { $0 != "qemu-ppc64-pseries" })
  func `of its own output changes no byte when the seeds are given`(name: String) throws {
    let handover = KexecRequest(
      commandLine: "console=ttyS0", initrd: someInitrd,
      reservations: [range(0x7000_0000, 0x1000), range(0x7800_0000, 0x10)], seeds: fixedSeeds)

    let once = try NextTree(from: source(name), for: .arm64, handover: handover)
    let twice = try NextTree(
      from: DeviceTree(blob: once.blob), for: .arm64, handover: handover)

    #expect(once.blob == twice.blob)
    #expect(twice.changes.filter { $0.action != .kept } == [])
  }

  @Test func `of its own output changes only the seeds`() throws {
    let other = Seeds(kaslr: Array(11...18), rng: Array(repeating: 7, count: 128))
    let once = try patched(source("board"), KexecRequest(initrd: someInitrd, seeds: fixedSeeds))

    let twice = try patched(once, KexecRequest(initrd: someInitrd, seeds: other))

    let differences = once.compared(with: twice).differences
    #expect(differences.count == 2)
    #expect(differences.filter { !$0.isOfSeed } == [])
  }

  @Test func `over ten generations does not grow`() throws {
    var tree = try source("qemu-arm64-virt")
    var sizes: [Int] = []

    for _ in 0..<10 {
      tree = try patched(
        tree, KexecRequest(commandLine: "x", initrd: someInitrd, seeds: fixedSeeds))
      sizes.append(tree.blob.count)
      // As the next kernel leaves it: one seed wiped, the other turned into FDT_NOP.
      try tree.setProperty("kaslr-seed", of: "/chosen", to: .u64(0))
      try tree.deleteProperty("rng-seed", of: "/chosen")
    }

    #expect(Set(sizes).count == 1)
  }

  @Test func `without a command line leaves the kernel its own`() throws {
    let tree = try patched(source("board"), KexecRequest(commandLine: .omitted, seeds: fixedSeeds))

    #expect(try tree.chosen("bootargs") == nil)
  }

  @Test func `without seeds removes old ones`() throws {
    let once = try patched(source("board"))

    let tree = try patched(once, KexecRequest(commandLine: "x", seeds: .none))

    #expect(try tree.chosen("kaslr-seed") == nil)
    #expect(try tree.chosen("rng-seed") == nil)
  }

  @Test(
    arguments: [(4096, 0x1f_a000), (16384, 0x1f_c000), (65536, 0x20_0000)] as [(UInt64, UInt64)])
  func `frees an initrd that firmware reserved in whole pages`(
    pageSize: UInt64, size: UInt64
  ) throws {
    var base = try source("stale-handover")
    let entry = AddressAndSize(address: 0x1_50aa_0000, size: size)
    try base.replaceReservations(with: [entry])

    for known in [pageSize, nil] {
      let tree = try patched(base, on: MachineSnapshot(pageSize: known))
      #expect(tree.reservations == [])
    }
  }

  @Test func `leaves a reservation that is not the initrd's in any page size`() throws {
    var base = try source("stale-handover")
    let entry = AddressAndSize(address: 0x1_50aa_0000, size: 0x20_0000)
    try base.replaceReservations(with: [entry])

    let tree = try patched(base, on: MachineSnapshot(pageSize: 4096))

    #expect(tree.reservations == [entry])
  }

  @Test(arguments: ["linux,initrd-start", "linux,initrd-end"])
  func `refuses half an old initrd, as the kernel does`(property: String) throws {
    var base = try source("qemu-arm64-virt")
    try base.setProperty(property, of: "/chosen", to: PropertyValue(bytes: [1, 2, 3]))

    #expect(throws: KexecError.badInitrd(property: property)) { try patched(base) }
  }

  @Test func `refuses the start of an initrd without its end`() throws {
    var base = try source("qemu-arm64-virt")
    try base.deleteProperty("linux,initrd-end", of: "/chosen")

    #expect(throws: KexecError.badInitrd(property: "linux,initrd-end")) { try patched(base) }
  }

  @Test func `drops the end of an initrd without its start`() throws {
    var base = try source("qemu-arm64-virt")
    try base.deleteProperty("linux,initrd-start", of: "/chosen")

    #expect(try patched(base).chosen("linux,initrd-end") == nil)
  }

  @Test(arguments: [(Architecture.arm64, 2047), (.riscv64, 2047), (.arm, 1023)])
  func `refuses a command line that the kernel would cut`(
    architecture: Architecture, longest: Int
  ) throws {
    let base = try source("board")
    let line = String(repeating: "x", count: longest)
    let fits = KexecRequest(commandLine: .given(KernelCommandLine(line)), seeds: .none)
    var tooLong = fits
    tooLong.commandLine = .given(KernelCommandLine(line + "x"))

    _ = try patched(base, for: architecture, fits)
    #expect(
      throws: KexecError.commandLineTooLong(size: longest + 1, architecture)
    ) {
      try patched(base, for: architecture, tooLong)
    }
  }

  @Test func `refuses an initrd at address 0`() throws {
    let error = #expect(throws: KexecError.self) {
      try patched(source("board"), KexecRequest(initrd: range(0, 4096), seeds: .none))
    }

    #expect(error?.text == "the initrd: address 0 means no initrd to the kernel")
  }

  @Test func `refuses an initrd that is not all in memory`() throws {
    let machine = MachineSnapshot(systemRAM: [
      range(0x4000_0000, 0x1000), range(0x4000_1000, 0x1000),
    ])
    let base = try source("board")

    _ = try patched(
      base, KexecRequest(initrd: range(0x4000_0800, 0x1000), seeds: .none), on: machine)
    let outside = range(0x4000_1800, 0x1000)
    #expect(
      throws: KexecError.badPlace(
        .initrd, outside, "is not all in System RAM of /proc/iomem")
    ) { try patched(base, KexecRequest(initrd: outside, seeds: .none), on: machine) }
  }

  /// Reservations, and children of `/reserved-memory` with `no-map` and with `reusable`.
  @Test(
    arguments: [
      (0x8000_8000, "a memory reservation"), (0xbfef_f000, "a memory reservation"),
      (0xbe10_0000, "/reserved-memory/secure-firmware@be000000"),
      (0xa7ff_f000, "/reserved-memory/linux,cma@a0000000"),
    ] as [(UInt64, String)])
  func `refuses an initrd in memory that is reserved for something else`(
    start: UInt64, keeper: String
  ) throws {
    let initrd = range(start, 0x1000)
    let base = try source("reserved-memory")

    let error = #expect(throws: KexecError.self) {
      try patched(base, KexecRequest(initrd: initrd, seeds: .none))
    }

    #expect(error?.subject == .handedOver(.initrd))
    #expect(error?.text.hasSuffix(", \(keeper)") == true)
  }

  @Test func `refuses an initrd in the second range of reserved memory`() throws {
    var base = try source("reserved-memory")
    try base.addNode("two@60000000", to: "/reserved-memory")
    try base.setProperty(
      "reg", of: "/reserved-memory/two",
      to: .cells([0, 0x6000_0000, 0, 0x1000, 0, 0x6100_0000, 0, 0x1000]))
    let handover = KexecRequest(initrd: range(0x6100_0800, 16), seeds: .none)

    #expect(throws: KexecError.self) { try patched(base, handover) }
    try base.setProperty("status", of: "/reserved-memory/two", to: .string("disabled"))
    _ = try patched(base, handover)
  }

  @Test func `refuses an initrd that a requested reservation overlaps`() throws {
    let handover = KexecRequest(
      initrd: someInitrd, reservations: [range(someInitrd.start, 0x20_0000)], seeds: .none)

    let reason = "overlaps the requested reservation at \(handover.reservations[0])"
    #expect(throws: KexecError.badPlace(.initrd, someInitrd, reason)) {
      try patched(source("board"), handover)
    }
  }

  @Test func `refuses an initrd that a 32-bit kernel has no number for`() throws {
    let high = range(0xffff_f000, 0x1001)
    let base = try source("board")

    let error = #expect(throws: KexecError.self) {
      try patched(base, for: .arm, KexecRequest(initrd: high, seeds: .none))
    }
    #expect(error?.text.contains("ends above 0x100000000, the highest address") == true)
    _ = try patched(base, for: .arm, KexecRequest(initrd: range(0xffff_f000, 0x1000), seeds: .none))
  }

  @Test(arguments: [
    "bootargs", "kaslr-seed", "rng-seed", "linux,initrd-start", "linux,elfcorehdr",
    "linux,booted-from-kexec",
  ])
  func `refuses an edit that it would undo`(property: String) throws {
    let edit = TreeEdit.set(property, node: "/chosen", .u64(0x1234))

    #expect(throws: KexecError.editUndone(property: property)) {
      try patched(source("board"), edits: [edit])
    }
  }

  @Test func `refuses to delete what it writes`() throws {
    #expect(throws: KexecError.editUndone(property: "bootargs")) {
      try patched(source("board"), edits: [.deleteProperty("bootargs", node: "/chosen")])
    }
  }

  @Test func `inherits the command line from the tree as it was edited`() throws {
    let edit = TreeEdit.set("bootargs", node: "/chosen", .string("edited elfcorehdr=0x1000"))

    let tree = try patched(
      source("board"), edits: [edit],
      KexecRequest(commandLine: .ofTree(appending: "more"), seeds: .none))

    #expect(try tree.chosen("bootargs")?.string == "edited more")
  }

  @Test func `inherits no command line where there is none`() throws {
    var base = try source("board")
    try base.deleteProperty("bootargs", of: "/chosen")

    #expect(
      try patched(base, KexecRequest(commandLine: .ofTree(), seeds: .none)).chosen("bootargs")
        == nil)
    #expect(
      try patched(base, KexecRequest(commandLine: .ofTree(appending: "x"), seeds: .none)).chosen(
        "bootargs")
        == .string("x"))
  }

  @Test func `removes half an old initrd when requested`() throws {
    var base = try source("qemu-arm64-virt")
    try base.deleteProperty("linux,initrd-end", of: "/chosen")

    let tree = try patched(
      base, edits: [.deleteProperty("linux,initrd-start", node: "/chosen")],
      KexecRequest(initrd: someInitrd, seeds: .none))

    #expect(try tree.chosen("linux,initrd-start") == .u64(someInitrd.start))
  }

  @Test func `deletes every copy of a reservation of the last initrd`() throws {
    var base = try source("stale-handover")
    let entry = AddressAndSize(address: 0x1_50aa_0000, size: 0x1f_a000)
    try base.replaceReservations(with: [entry, entry])

    #expect(try patched(base, on: MachineSnapshot(pageSize: 4096)).reservations == [])
  }

  /// What the caller deletes was still the last hand-over's.
  @Test(arguments: [
    TreeEdit.deleteNode("/chosen"), .deleteProperty("linux,initrd-start", node: "/chosen"),
    .deleteProperty("linux,ima-kexec-buffer", node: "/chosen"),
  ])
  func `frees the memory of a hand-over that the caller deletes`(edit: TreeEdit) throws {
    let base = try source("stale-handover")

    #expect(try patched(base, edits: [edit]).reservations == patched(base).reservations)
  }

  @Test func `takes a reservation that wraps for all memory above it`() throws {
    let base = try DeviceTree(
      blob: Fixtures.compile(
        """
        /dts-v1/; /memreserve/ 0x80000000 0xffffffffffffffff;
        / { #address-cells = <2>; #size-cells = <2>; };
        """))
    let handover = KexecRequest(initrd: range(0x9000_0000, 0x1000), seeds: .none)

    #expect(throws: KexecError.self) { try patched(base, handover) }
  }

  @Test func `records the copy of a property that it deletes`() throws {
    var root = try source("board").root
    let index = try #require(root.children.firstIndex { $0.name == "chosen" })
    root.children[index].properties = [
      Property("bootargs", .string("one")), Property("bootargs", .string("two")),
    ]
    let base = try DeviceTree(root: root)

    let written = try NextTree(
      from: base, for: .arm64, handover: KexecRequest(commandLine: "one", seeds: .none))
    let set = try NextTree(
      from: base, edits: [.set("bootargs", node: "/chosen", .string("one"))], for: .arm64,
      handover: KexecRequest(seeds: .none))

    for next in [written, set] {
      #expect(
        next.changes.filter { $0.action == .removed }.map(\.from) == [.property(.string("two"))])
    }
  }

  @Test func `warns of a command line that an older riscv kernel would cut`() throws {
    let line = KernelCommandLine(String(repeating: "x", count: 1024))
    let handover = KexecRequest(commandLine: .given(line), seeds: .none)
    let base = try source("qemu-riscv64-virt")

    let riscv = try NextTree(from: base, for: .riscv64, handover: handover)
    let arm = try NextTree(from: base, for: .arm64, handover: handover)

    #expect(riscv.warnings.map(\.place) == ["/chosen: bootargs"])
    #expect(arm.warnings == [])
  }

  @Test(arguments: [
    (0x4000_0000 as UInt64, false), (0x1_0000, true), (0x7fff_f000, false), (0x8000_0000, true),
  ])
  func `warns of an initrd outside the memory that the tree describes`(
    start: UInt64, isWarned: Bool
  ) throws {
    let base = try DeviceTree(
      blob: Fixtures.compile(
        """
        /dts-v1/;
        / {
          #address-cells = <1>; #size-cells = <1>;
          memory@40000000 {
            device_type = "memory"; reg = <0x40000000 0x20000000 0x60000000 0x20000000>;
          };
          memory@80000000 {
            device_type = "memory"; reg = <0x80000000 0x10000000>; status = "disabled";
          };
        };
        """))
    let handover = KexecRequest(initrd: range(start, 0x1000), seeds: .none)

    let next = try NextTree(from: base, for: .arm64, handover: handover)

    #expect(next.warnings.isEmpty == !isWarned)
  }

  @Test func `deletes a reservation when requested`() throws {
    let base = try source("board")
    let entry = try #require(base.reservations.first)

    let tree = try patched(base, edits: [.unreserve(range(entry.address, entry.size))])

    #expect(!tree.reservations.contains(entry))
    #expect(throws: KexecError.self) { try patched(base, edits: [.unreserve(range(1, 1))]) }
  }

  @Test func `writes to a node with a unit address, and says so`() throws {
    var root = try source("board").root
    let index = try #require(root.children.firstIndex { $0.name == "chosen" })
    root.children[index].name = "chosen@0"

    let next = try NextTree(
      from: DeviceTree(root: root), for: .arm64,
      handover: KexecRequest(commandLine: "new", seeds: .none))

    let tree = try DeviceTree(blob: next.blob)
    #expect(try tree.property("bootargs", of: "/chosen@0") == .string("new"))
    #expect(next.changes.contains { $0.subject == .property("bootargs", node: "/chosen@0") })
  }

  @Test func `warns of an initrd it could not check, and of one among firmware's tables`() throws {
    let stub = try source("acpi-stub")
    let handover = KexecRequest(initrd: someInitrd, seeds: .none)
    let unknown = try NextTree(from: stub, for: .arm64, handover: handover)
    let machine = MachineSnapshot(
      systemRAM: [range(0x4000_0000, 0x4000_0000)], reserved: [range(someInitrd.start, 1)])
    let known = try NextTree(from: stub, for: .arm64, handover: handover, machine: machine)

    #expect(unknown.warnings.map(\.rule) == [.caller])
    #expect(
      known.warnings.map(\.rule) == [
        .linux("drivers/firmware/efi/efi.c", "efi_config_parse_tables")
      ])
  }

  @Test func `is made for an architecture that is not known here`() throws {
    let long = String(repeating: "x", count: 5000)
    let handover = KexecRequest(commandLine: .given(KernelCommandLine(long)), seeds: .none)

    #expect(
      try patched(source("cells-1-1"), for: .other, handover).chosen("bootargs") == .string(long))
  }

  @Test(arguments: [Architecture.loongarch64, .x86_64])
  func `refuses an architecture whose kernels take no tree`(architecture: Architecture) throws {
    #expect(throws: KexecError.self) {
      try patched(source("board"), for: architecture)
    }
  }

  @Test func `refuses a tree larger than the kernel maps`() throws {
    var base = try source("board")
    try base.setProperty("ballast", of: "/", to: .init(bytes: Array(repeating: 1, count: 2 << 20)))

    #expect(throws: KexecError.self) { try patched(base) }
    #expect(try patched(base, for: .arm).blob.count > 2 << 20)
  }

  @Test func `refuses a node so full that editing it would take for ever`() throws {
    var root = try source("board").root
    let chosen = try #require(root.children.firstIndex { $0.name == "chosen" })
    root.children[chosen].properties = (0..<10_001).map { Property("p\($0)", .empty) }

    #expect(
      throws: KexecError.tooMany(place: "/chosen", count: 10_001, limit: 10_000)
    ) {
      try patched(DeviceTree(root: root))
    }
  }
}
