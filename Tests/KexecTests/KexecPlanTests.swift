// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KernelImage
import PhysicalMemory
import Reports
import TestSupport
import Testing

@testable import KexecCheck
@testable import KexecFacts
@testable import KexecMerge
@testable import KexecPlan
@testable import KexecRules
@testable import KexecTree

@Suite struct `A plan` {
  @Test func `has what is loaded, and a tree that knows where`() throws {
    let plan = try SmallMachine().plan()
    let tree = try DeviceTree(blob: try #require(plan.bytes(.tree)))
    let initrd = try #require(plan.segments.first { $0.kind == .initrd })

    #expect(plan.segments.map(\.kind) == [.kernel(0), .initrd, .trampoline, .tree])
    #expect(plan.flags == 0)
    #expect(try tree.chosen("linux,initrd-start")?.number == initrd.range.start)
    #expect(try tree.chosen("linux,initrd-end")?.number == initrd.range.start + 5000)
    #expect(try tree.chosen("bootargs") == .string("quiet"))
    #expect(plan.bytes(.kernel(0)) == SmallMachine().kernel)
    #expect(plan.placements.map(\.kind) == [.kernel(0), .initrd, .tree, .trampoline])
  }

  @Test func `is the same for the same seeds`() throws {
    #expect(try SmallMachine().plan() == SmallMachine().plan())
  }

  @Test func `tells no secrets`() throws {
    var machine = SmallMachine()
    machine.seeds = fixedSeeds
    let plan = try machine.plan()

    let told = "\(plan.json)" + plan.explanation.joined() + plan.layout.joined()

    #expect(!told.contains("102030405060708") && !told.contains("01 02 03"))
  }

  /// arm64's initrd is within 32 GiB of the kernel: high memory alone is no place for it.
  @Test func `moves the kernel on to keep the initrd near it`() throws {
    var machine = SmallMachine()
    machine.tree = "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; };"
    machine.facts.systemRAM = [range(0x4000_0000, 8 << 20), range(0x20_0000_0000, 256 << 20)]
    machine.initrd = 16 << 20

    let plan = try machine.plan()

    #expect(plan.starts([.kernel(0)]) == [0x20_0000_0000])
    #expect(plan.starts([.initrd]) == [0x20_0021_0000])
  }

  @Test func `writes over the running kernel when nothing else is left`() throws {
    var machine = SmallMachine()
    machine.facts.systemRAM = [range(0x4000_0000, 16 << 20)]
    machine.facts.kernelImage = range(0x4020_0000, 13 << 20)
    let plan = try machine.plan()

    #expect(plan.starts([.kernel(0)]) == [0x4000_0000])
    #expect(plan.warnings.contains { $0.text.contains("overwritten") })
  }

  @Test func `is aligned for pages of 64 KiB where there is room`() throws {
    let plan = try SmallMachine().plan()
    #expect(plan.segments.allSatisfy { $0.range.start % (64 << 10) == 0 })

    // The tree takes the last 2 MiB; what is left before it fits the initrd at a page alone.
    var tight = SmallMachine()
    tight.facts.systemRAM = [range(0x4000_0000, 6 << 20), range(0x50_0000_0000, 64 << 20)]
    tight.initrd = 0x1f_8000
    #expect(try tight.plan().starts([.initrd]) == [0x4020_2000])
  }

  @Test func `keeps off what the tree and the caller keep`() throws {
    var machine = SmallMachine()
    machine.tree = """
      /dts-v1/; /memreserve/ 0x40000000 0x200000;
      / { #address-cells = <2>; #size-cells = <2>;
        reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
          secure@40200000 { reg = <0 0x40200000 0 0x100000>; }; }; };
      """
    machine.reservations = [range(0x4040_0000, 0x1000)]

    #expect(try machine.plan().starts([.kernel(0)]) == [0x4060_0000])
  }
}

@Suite struct `A plan for a machine with an ITS` {
  /// Seen in QEMU with `-M virt,gic-version=3`: a kernel over the tables of the first one dies.
  @Test(arguments: [(false, false, 1), (true, false, 0), (false, true, 0)])
  func `warns of tables that no file describes`(
    isForCrash: Bool, isOfUEFI: Bool, count: Int
  ) throws {
    var machine = SmallMachine()
    machine.isForCrash = isForCrash
    machine.facts.crashRegions = isForCrash ? [range(0x4800_0000, 64 << 20)] : []
    machine.tree = """
      /dts-v1/; / { #address-cells = <2>; #size-cells = <2>;
        chosen { \(isOfUEFI ? Self.uefi : "") };
        intc@8000000 { compatible = "arm,gic-v3"; its@8080000 { compatible = "arm,gic-v3-its"; }; }; };
      """

    let warnings = try machine.plan().warnings

    #expect(warnings.filter { $0.text.contains("interrupt controller") }.count == count)
  }

  private static let uefi = """
    linux,uefi-system-table = <0 1>; linux,uefi-mmap-start = <0 1>; linux,uefi-mmap-size = <1>;
    linux,uefi-mmap-desc-size = <1>; linux,uefi-mmap-desc-ver = <1>;
    linux,uefi-secure-boot = <0>;
    """
}

@Suite struct `A plan for a machine whose firmware keeps memory to itself` {
  /// Seen with OpenSBI 1.1 in QEMU: makedumpfile dies of a bus error.
  @Test(
    arguments: [
      (true, "", [], 1), (true, "no-map;", [], 0), (false, "", [], 0),
      (true, "", [range(0x4200_0000, 0x10_0000)], 0),
    ] as [(Bool, String, [PhysicalRange], Int)])
  func `tells that a dump of it cannot be read`(
    isForCrash: Bool, flags: String, excluded: [PhysicalRange], count: Int
  ) throws {
    var machine = SmallMachine()
    machine.isForCrash = isForCrash
    machine.facts.crashRegions = isForCrash ? [range(0x4800_0000, 64 << 20)] : []
    machine.excluded = excluded
    machine.tree = """
      /dts-v1/; / { #address-cells = <2>; #size-cells = <2>;
        reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
          mmode_resv0@42000000 { reg = <0 0x42000000 0 0x80000>; \(flags) };
          boot@42100000 { reg = <0 0x42100000 0 0x80000>; }; }; };
      """

    let warnings = try machine.plan().warnings

    let told = warnings.filter { $0.text.contains("bus error") }
    #expect(told.count == count)
    #expect(
      told.allSatisfy {
        $0.place == "/reserved-memory/mmode_resv0@42000000"
          && $0.text.contains("0x42000000-0x4207ffff")
      })
  }
}

@Suite struct `A plan for an edited tree` {
  /// `/reserved-memory` of an overlay, and memory nodes that somebody set, are the next kernel's.
  @Test func `keeps off what edits reserve, and in what they leave`() throws {
    var machine = SmallMachine()
    machine.edits = [
      .set(
        "reg", node: "/memory@40000000", .cells([0, 0x4800_0000, 0, 0x1000_0000])),
      .overlay(
        try DeviceTree(
          blob: Fixtures.compile(
            """
            /dts-v1/; /plugin/;
            &{/} { reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
              fw@48000000 { reg = <0 0x48000000 0 0x800000>; no-map; }; }; };
            """)), name: "ov"),
    ]

    let plan = try machine.plan()

    #expect(plan.starts([.kernel(0)]) == [0x4880_0000])
    #expect(plan.segments.allSatisfy { $0.range.end <= 0x5800_0000 })
  }
}

@Suite struct `There is no plan` {
  @Test func `without room, with what is missing and what is in the way`() throws {
    var machine = SmallMachine()
    machine.facts.systemRAM = [range(0x4000_0000, 8 << 20)]
    machine.facts.reserved = [range(0x4030_0000, 1 << 20)]
    machine.initrd = 6 << 20

    let error = #expect(throws: KexecError.self) { try machine.plan() }

    #expect(
      error?.description == """
        no room for the initrd, 6291456 bytes in 0x40202000-0x83fffffff: the largest free range, \
        0x40400000-0x407fffff, is 2097152 bytes too small; in the way: what the running kernel \
        reserved at 0x40300000-0x403fffff
        """)
  }

  @Test func `in a crash region that is too small`() throws {
    var machine = SmallMachine()
    machine.facts.crashRegions = [range(0x4800_0000, 2 << 20)]
    machine.isForCrash = true

    let error = #expect(throws: KexecError.self) { try machine.plan() }

    #expect(error?.description.hasPrefix("no room for the ") == true)
    #expect(error?.description.contains("0x48") == true)
  }

  /// `kimage_alloc_crash_control_pages` takes them from the region, after the segments.
  @Test func `that leaves a crash kernel no control pages`() throws {
    var machine = SmallMachine()
    machine.facts.crashRegions = [range(0x4800_0000, 0x80_0000)]
    machine.isForCrash = true
    machine.initrd = 0x38_0000
    _ = try machine.plan()
    machine.initrd = 0x5b_0000

    let error = #expect(throws: KexecError.self) { try machine.plan() }
    #expect(error?.description.contains("no room for the") == true)
  }

  @Test(
    arguments: [
      Obstacle("the initrd: is empty") { $0.initrd = 0 },
      Obstacle("a kernel for aarch64 on a machine of riscv64") { $0.architecture = .riscv64 },
      Obstacle("no kexec_file_load, whose places") { $0.architecture = .arm },
      Obstacle("no RAM is known") { $0.facts.systemRAM = nil },
      Obstacle("a kernel is started with a device tree") { $0.tree = "" },
      Obstacle("no memory is set apart for a crash kernel") { $0.isForCrash = true },
      Obstacle("half of its RAM") {
        $0.initrd = 60 << 20
        $0.facts.systemRAM = [range(0x4000_0000, 100 << 20)]
      },
      Obstacle("no room for the kernel") { $0.facts.systemRAM = [range(1 << 48, 1 << 30)] },
      Obstacle("3000 bytes") {
        $0.commandLine = .given(KernelCommandLine(String(repeating: "a", count: 3000)))
      },
    ])
  func `for what cannot be`(obstacle: Alteration<SmallMachine>) throws {
    var machine = SmallMachine()
    obstacle.make(&machine)

    let error = #expect(throws: KexecError.self) { try machine.plan() }

    #expect(error?.description.contains(obstacle.text) == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("\n") == false)
  }

  /// The header says what it wants; what passes 64 bits has no place, and is no trap.
  @Test(arguments: [(0x10_0000, .max - 0xf_ffff), (0, .max - 0xffff)] as [(UInt64, UInt64)])
  func `for a kernel of the whole address space`(textOffset: UInt64, size: UInt64) throws {
    var machine = SmallMachine()
    machine.kernel = KernelBuilder.arm64Image(imageSize: size - textOffset, textOffset: textOffset)

    let error = #expect(throws: KexecError.self) { try machine.plan() }

    #expect(error?.description.contains("no room for the kernel") == true)
  }

  /// A size that no kernel has is not known: 64 KiB is right for all.
  @Test(arguments: [0, 1, 3, 8192, nil] as [UInt64?])
  func `without pages of a size that is right`(pageSize: UInt64?) throws {
    var machine = SmallMachine()
    machine.facts.pageSize = pageSize

    let plan = try machine.plan()

    #expect(plan.segments.allSatisfy { $0.range.size.isMultiple(of: 65536) })
  }

  /// Kernels find a tree on riscv, and a core header in a crash image, by their first bytes.
  @Test func `when the initrd looks like something else`() throws {
    var machine = SmallMachine()
    machine.facts.crashRegions = [range(0x4800_0000, 64 << 20)]
    machine.isForCrash = true
    machine.initrdStart = [0x7f, 0x45, 0x4c, 0x46]
    let elf = #expect(throws: KexecError.self) { try machine.plan() }
    machine.isForCrash = false
    _ = try machine.plan()
    machine.initrdStart = [0xd0, 0x0d, 0xfe, 0xed]
    let tree = #expect(throws: KexecError.self) { try machine.plan() }

    #expect(elf?.description.contains("begins like the elfcorehdr") == true)
    #expect(tree?.description.contains("begins like a device tree") == true)
  }
}

/// What makes a plan impossible.
private typealias Obstacle = Alteration<SmallMachine>

/// A machine with 1 GiB, and a small kernel.
struct SmallMachine {
  var facts = MachineSnapshot(pageSize: 4096, systemRAM: [range(0x4000_0000, 1 << 30)])
  var architecture = Architecture.arm64
  /// Its source; empty for none.
  var tree = """
    /dts-v1/; / { #address-cells = <2>; #size-cells = <2>;
      memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x40000000>; }; };
    """
  var initrd: Int? = 5000
  var initrdStart: [UInt8] = []
  var reservations: [PhysicalRange] = []
  var edits: [TreeEdit] = []
  var commandLine: CommandLineChoice = "quiet"
  var isForCrash = false
  var excluded: [PhysicalRange] = []
  var seeds = Seeds.none
  var kernel = KernelBuilder.arm64Image(size: 100_000, imageSize: 0x20_1234)
  var measurements: [UInt8]?
  var extras: [KexecRequest.Input] = []
  var givenCoreHeader: [UInt8]?
  /// Whether the core header is made, and a given one is compared with the machine.
  var knowsCrashFacts = true

  func plan() throws -> KexecPlan {
    var request = KexecRequest(
      for: isForCrash || givenCoreHeader != nil ? .crash : .kexec, architecture,
      tree: tree.isEmpty ? nil : try DeviceTree(blob: Fixtures.compile(tree)), on: facts,
      commandLine: commandLine, seeds: seeds)
    request[.initrd] = initrd.map { size in
      .bytes(initrdStart + [UInt8](repeating: 7, count: size - min(size, initrdStart.count)))
    }
    request.reservations = reservations
    request.edits = edits
    request[.imaBuffer] = measurements.map { .bytes($0) }
    request[.coreHeader] = givenCoreHeader.map { .bytes($0) }
    request.inputs += extras
    if isForCrash, knowsCrashFacts {
      request.machine.memory = facts.systemRAM ?? []
      request.machine.excluded = facts.crashRegions + excluded
      request.machine.cpuNotes = [range(0x4000_1000, 0x1a8)]
      request.machine.vmcoreinfoNote = range(0x4000_2000, 0x1024)
    }
    return try KexecPlan(request, starting: try KernelImage(kernel.span), kernel)
  }
}

extension KexecPlan {
  func bytes(_ part: SegmentKind) -> [UInt8]? { segments.first { $0.kind == part }?.bytes }
}
