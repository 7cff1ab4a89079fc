// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
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

@Suite struct `A plan for any machine` {
  /// For each of two seeds.
  private static let count = 800

  private static func smallTree() throws -> DeviceTree {
    let source = "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; cpus { }; };"
    return try DeviceTree(blob: Fixtures.compile(source))
  }

  /// What a plan must never do, found out by plain comparisons, on machines that nobody built: it
  /// overlaps nothing, stays in RAM or in the crash region, keeps its alignments and its bounds.
  @Test(arguments: [11, 12] as [UInt64])
  func `stays in its memory, and takes none twice`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let tree = try Self.smallTree()
    var made = 0
    for _ in 0..<Self.count {
      let machine = RandomMachine(&random)
      do {
        let plan = try machine.plan(tree)
        made += 1
        let problems = machine.problems(of: plan)
        try #require(problems == [], "\(machine)")
      } catch let error as KexecError {
        // What was placed passes every check, but for what is not a matter of places.
        let isLarge = error.findings.allSatisfy { $0.text.contains("half of its RAM") }
        try #require(isLarge, "\(error) \(machine)")
      }
    }
    #expect(made > Self.count / 3)
  }

  /// Memory that no part was placed in changes nothing when it goes; but kernels take up to half of it.
  @Test func `keeps its places when other memory goes`() throws {
    var random = SplitMix64(seed: 12)
    let tree = try Self.smallTree()
    var made = 0
    for _ in 0..<500 {
      var machine = RandomMachine(&random)
      guard let plan = try? machine.plan(tree) else { continue }
      machine.facts.systemRAM = machine.facts.systemRAM?.filter { memory in
        plan.segments.contains { $0.range.overlaps(memory) }
      }
      guard let smaller = try? machine.plan(tree) else { continue }
      made += 1
      #expect(smaller.placements == plan.placements)
    }
    #expect(made > 75)
  }
}

/// Memory with holes, reservations and crash regions, and a kernel that may or may not fit.
struct RandomMachine {
  var facts: MachineSnapshot
  let architecture: Architecture
  /// RTAS of powerpc.
  private(set) var firmware: PhysicalRange?
  let kernel: [UInt8]
  let initrdSize: Int
  let isForCrash: Bool
  /// IMA's entries; nil for no list.
  let measured: [Int]?
  /// Bytes of the caller's own.
  let extraSizes: [Int]

  init(_ random: inout SplitMix64) {
    func number(_ range: ClosedRange<UInt64>) -> UInt64 { .random(in: range, using: &random) }
    let unit: UInt64 = 64 << 10
    var ram: [PhysicalRange] = []
    var address = number(16...(4 << 14)) * unit
    for _ in 0..<number(1...4) {
      let size = number(1...(512 << 4)) * unit
      ram.append(range(address, size))
      // Some holes are larger than arm64's window of 32 GiB.
      address += size + number(0...(1 << 14)) * unit * (number(0...3) == 0 ? 100 : 1)
    }
    func piece(_ most: UInt64) -> PhysicalRange? {
      let outer = ram[Int(number(0...UInt64(ram.count - 1)))]
      let start = outer.start + number(0...outer.size / 4096 - 1) * 4096
      return PhysicalRange(start: start, size: number(1...most) * 4096)?.intersection(outer)
    }
    architecture = [.arm64, .riscv64, .ppc64, .arm64, .riscv64, .loongarch64][Int(number(0...5))]
    isForCrash = number(0...1) == 0
    facts = MachineSnapshot(
      pageSize: [4096, 16384, 65536][Int(number(0...2))], systemRAM: ram,
      reserved: (0..<number(0...6)).compactMap { _ in piece(1 << 12) },
      crashRegions: isForCrash || number(0...1) == 0
        ? (0..<(architecture == .ppc64 ? 1 : number(1...2)))
          .compactMap { _ in piece(1 << 15)?.roundedInward(to: 2 << 20) }.sorted(by: >) : [],
      kernelImage: number(0...1) == 0 ? piece(1 << 13) : nil)
    // The running kernel does not lie in memory that is set apart.
    if let image = facts.kernelImage, facts.crashRegions.contains(where: image.overlaps) {
      facts.$kernelImage = Fact(wrappedValue: nil)
    }
    if architecture == .ppc64 {
      facts.pageTables = [.radix, .hash, nil][Int(number(0...2))]
      firmware = number(0...1) == 0 ? piece(64) : nil
    }
    let size = number(1...40) << 20
    let file = Int(number(64...(4 << 10)))
    kernel =
      switch (architecture, number(0...3)) {
      case (.arm64, let kind):
        KernelBuilder.arm64Image(
          size: file, imageSize: size, textOffset: kind == 0 ? 0x8_0000 : 0)
      case (.ppc64, _): KernelBuilder.ppc64Kernel(size: file, memorySize: size)
      case (.loongarch64, _): KernelBuilder.loongArchImage(entry: 0x20_0400, kernelSize: size)
      case (_, 0): Self.elf(memorySize: size)
      case (_, _): KernelBuilder.riscvImage(size: file, imageSize: size)
      }
    initrdSize = number(0...2) == 0 ? 0 : Int(number(1...(1 << 16)))
    let takesMore = architecture != .loongarch64
    measured =
      takesMore && !isForCrash && number(0...1) == 0
      ? (0..<number(0...3)).map { _ in Int(number(0...(1 << 15))) } : nil
    extraSizes = (0..<(takesMore ? number(0...2) : 0)).map { _ in Int(number(1...(1 << 14))) }
  }

  /// Two segments: code, and zeros that end where `memorySize` bytes do.
  private static func elf(memorySize: UInt64) -> [UInt8] {
    var elf = KernelBuilder.ELF()
    elf.machine = 243
    elf.entry = 0xffff_ffff_8000_0000
    elf.segments = [(0, 0x1800), (0x1900, memorySize - 0x1900)].map { offset, size in
      .init(
        virtual: elf.entry + offset, physical: 0x20_0000 + offset, memorySize: size,
        bytes: [UInt8](repeating: 1, count: 0x100))
    }
    return elf.bytes
  }

  func plan(_ tree: DeviceTree) throws -> KexecPlan {
    let image = try KernelImage(kernel.span)
    var request = KexecRequest(
      for: isForCrash ? .crash : .kexec, architecture,
      tree: architecture == .ppc64 ? try powerPCTree() : tree, on: facts, commandLine: "a",
      seeds: .none)
    request[.initrd] =
      initrdSize == 0 ? nil : .bytes([UInt8](repeating: 1, count: initrdSize))
    request[.imaBuffer] = measured.map {
      .bytes(MeasurementBytes.buffer(of: $0, architecture == .ppc64 ? image.byteOrder : .little))
    }
    request.inputs += extraSizes.enumerated().map { number, size in
      .init(.extra("acme,\(number)"), .bytes([UInt8](repeating: 2, count: size)))
    }
    if isForCrash {
      request.machine.memory = (facts.systemRAM ?? []) + [range(0, 0x2_0000)]
      request.machine.excluded = facts.crashRegions
      request.machine.cpuNotes = [range(0x1000, 0x1a8)]
      request.machine.vmcoreinfoNote = range(0x2000, 0x1024)
    }
    return try KexecPlan(request, starting: image, kernel)
  }

  /// A tree that has a CPU and the memory, for architectures that go by it.
  private func powerPCTree() throws -> DeviceTree {
    let cells = ["#address-cells", "#size-cells"].map { Property($0, .u32(2)) }
    let memory = (facts.systemRAM ?? []).map { range in
      Node(
        "memory@\(String(range.start, radix: 16))",
        properties: [
          Property("device_type", .string("memory")),
          Property("reg", .cells([range.start, range.size].flatMap(Self.cells))),
        ])
    }
    let cpu = Node("cpu@0", properties: [Property("device_type", .string("cpu"))])
    let rtas = firmware.map {
      Node(
        "rtas",
        properties: [
          Property("linux,rtas-base", .cells(Self.cells($0.start))),
          Property("rtas-size", .cells(Self.cells($0.size))),
        ])
    }
    return try DeviceTree(
      root: Node(
        "", properties: cells,
        children: memory + [Node("cpus", children: [cpu])] + [rtas].compactMap { $0 }))
  }

  private static func cells(_ number: UInt64) -> [UInt32] {
    [UInt32(number >> 32), UInt32(truncatingIfNeeded: number)]
  }

  /// Everything that is wrong with a plan, by comparing every pair of ranges.
  func problems(of plan: KexecPlan) -> [String] {
    let pageSize = facts.pageSize ?? 0
    let ram = facts.systemRAM ?? []
    var problems: [String] = []
    func expect(_ isGood: Bool, _ text: String) { if !isGood { problems.append(text) } }
    for (number, segment) in plan.segments.enumerated() {
      let range = segment.range
      expect(range.start % pageSize == 0 && range.end % pageSize == 0, "\(segment.kind): pages")
      expect(UInt64(segment.bytes.count) <= range.size, "\(segment.kind): size")
      for other in plan.segments[(number + 1)...] {
        expect(!range.overlaps(other.range), "\(segment.kind) over \(other.kind)")
      }
      if isForCrash {
        expect(facts.crashRegions[0].contains(range), "\(segment.kind): crash region")
        expect(firmware?.overlaps(range) != true, "\(segment.kind): firmware")
      } else {
        expect(firmware?.overlaps(range) != true, "\(segment.kind): firmware")
        expect(ram.contains { $0.contains(range) } || joined(ram, range), "\(segment.kind): RAM")
        for kept in facts.reserved + facts.crashRegions {
          expect(!kept.overlaps(range), "\(segment.kind): reserved")
        }
      }
    }
    let starts = plan.starts([.kernel(0), .initrd, .tree, .coreHeader, .trampoline]).map { $0 ?? 0 }
    let textOffset = (try? KernelImage(kernel.span).textOffset) ?? 0
    let alignment: UInt64 = architecture == .ppc64 ? 64 << 10 : 2 << 20
    expect((starts[0] - textOffset) % alignment == 0, "kernel: alignment")
    if architecture == .ppc64 {
      let backup = plan.segments.first { $0.kind == .backup }?.range
      expect(backup.map { $0.size >= 64 << 10 } == (isForCrash ? true : nil), "backup")
      expect(plan.entry == starts[4], "entry")
      let reach = facts.pageTables == .radix ? .max : min(ram.min()?.end ?? 0, 1 << 30)
      expect(plan.segments.allSatisfy { $0.range.end <= reach }, "reach")
    } else if architecture == .arm64 {
      expect(starts[2] % (2 << 20) == 0, "tree: alignment")
      expect(starts[3] % (64 << 10) == 0, "core header: alignment")
      expect(plan.entry == starts[4], "entry")
      let end = starts[0] / (1 << 30) * (1 << 30) + (32 << 30)
      expect(starts[1] == 0 || starts[1] + UInt64(initrdSize) <= end, "initrd: window")
    } else if architecture == .loongarch64 {
      expect(plan.tree == nil, "tree")
      expect(starts[3] % (64 << 10) == 0, "core header: alignment")
      expect(plan.entry == starts[0] + 0x400, "entry")
      let end = starts[0] / (1 << 30) * (1 << 30) + (32 << 30)
      expect(starts[1] == 0 || starts[1] + UInt64(initrdSize) <= end, "initrd: window")
      let line = plan.bytes(.commandLine) ?? []
      expect(line.starts(with: "kexec".utf8) && line.count == 4096, "command line")
      let fixed = range(1 << 20, 1 << 20)
      expect(plan.segments.allSatisfy { !$0.range.overlaps(fixed) }, "fixed memory")
    } else {
      expect(plan.entry == starts[0], "entry")
    }
    expect(plan.segments.contains { $0.kind == .coreHeader } == isForCrash, "core header")
    let told = plan.bytes(.tree).flatMap { try? DeviceTree(blob: $0) }
    let list = plan.segments.first { $0.kind == .imaBuffer }
    expect((list == nil) == (measured == nil), "measurements")
    if let list {
      let fits = UInt64(list.bytes.count) + pageSize / 2 <= list.range.size
      expect(fits && list.range.size < UInt64(list.bytes.count) + 3 * pageSize / 2, "half a page")
      expect(told?.tells("linux,ima-kexec-buffer", list.range) == true, "measurements: told")
    }
    for (number, size) in extraSizes.enumerated() {
      let start = plan.segments.first { $0.kind == .extra(number) }?.range.start ?? 0
      expect(told?.tells("acme,\(number)", range(start, UInt64(size))) == true, "extra: told")
    }
    return problems
  }

  /// Whether neighbours among the ranges cover a place together.
  private func joined(_ ram: [PhysicalRange], _ range: PhysicalRange) -> Bool {
    ram.reduce(0) { $0 + ($1.intersection(range)?.size ?? 0) } == range.size
  }
}

extension DeviceTree {
  /// Whether a property of a tree with cells 2 and 2 names memory that is reserved.
  fileprivate func tells(_ name: String, _ place: PhysicalRange) -> Bool {
    let cells = [place.start, place.size].flatMap { [UInt32($0 >> 32), UInt32($0 & 0xffff_ffff)] }
    return (try? chosen(name)) == .cells(cells) && reservations.contains(place.tuple)
  }
}
