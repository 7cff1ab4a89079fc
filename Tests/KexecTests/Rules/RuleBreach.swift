// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import ELF
import PhysicalMemory
import TestSupport
import Testing

@testable import KexecCheck
@testable import KexecFacts
@testable import KexecMerge
@testable import KexecPlan
@testable import KexecRules
@testable import KexecTree

/// A way to break one rule in a good sample.
struct RuleBreach: CustomTestStringConvertible, Sendable {
  let id: String
  let purpose: Purpose
  let sample: @Sendable (Purpose) throws -> RuleSample
  let make: @Sendable (inout RuleSample) throws -> Void

  var testDescription: String { id }

  /// A change of the folder with the plan.
  init(
    _ id: String, _ purpose: Purpose = .kexec,
    of sample: @escaping @Sendable (Purpose) throws -> RuleSample = RuleSample.arm64,
    _ make: @escaping @Sendable (inout LoadFolder) throws -> Void
  ) {
    (self.id, self.purpose, self.sample) = (id, purpose, sample)
    self.make = { try make(&$0.folder) }
  }

  /// A change of the tree alone.
  static func tree(
    _ id: String, _ purpose: Purpose = .kexec,
    of sample: @escaping @Sendable (Purpose) throws -> RuleSample = RuleSample.arm64,
    _ change: @escaping @Sendable (inout DeviceTree) throws -> Void
  ) -> RuleBreach {
    RuleBreach(id, purpose, of: sample) { folder in
      var tree = try DeviceTree(blob: folder.contents["dtb.bin"] ?? [])
      try change(&tree)
      folder.contents["dtb.bin"] = tree.blob
    }
  }

  private init(_ id: String, architecture: Architecture) {
    (self.id, purpose, sample) = (id, .kexec, RuleSample.arm64)
    make = { $0.architecture = architecture }
  }

  /// Each rule, broken once.
  static let all: [RuleBreach] =
    ofBlob + ofSegments + ofKernel + ofMemory + ofCrash + ofChosen + ofLine + ofRequest

  private static let ofBlob: [RuleBreach] = [
    .init("takes-tree", architecture: .x86_64),
    .init("blob") { $0.contents["dtb.bin"]?[0] ^= 1 },
    .init("new-blob") { $0.contents["dtb.bin"]?[0] ^= 1 },
    .tree("root-cells") { try $0.setProperty("#size-cells", of: "/", to: .u32(3)) },
    .tree("tree-size") {
      try $0.setProperty("x", of: "/", to: .init(bytes: Array(repeating: 0, count: 2 << 20)))
    },
    .init("header") { $0.contents["dtb.bin"]?.append(0) },
    .init("plan-has-tree") { $0.remove("dtb") },
    .init("plan-has-no-tree", of: RuleSample.loongArch64) { $0.add("dtb", at: 0x6000_0000) },
    .init("tree-alignment") { $0.move("dtb", to: 0x7f00_0004) },
    .tree("one-chosen") { try $0.addNode("chosen@0", to: "/") },
    .tree("chosen-is-found") { try $0.deleteNode("/chosen") },
    .tree("property-once") { try $0.append("bootargs", .string("x")) },
    .tree("firmware-property-once") {
      try $0.append("stdout-path", .string("x"))
      try $0.append("stdout-path", .string("x"))
    },
    .tree("uefi-whole") { try $0.set("linux,uefi-mmap-size", .u32(1)) },
    .tree("acpi-stays", of: RuleSample.acpi) { try $0.addNode("memory", to: "/") },
    .tree("hardware-stays") { try $0.deleteNode("/memory@40000000") },
  ]

  private static let ofSegments: [RuleBreach] = [
    .init("flags") { $0.flags = 2 },
    .init("same-architecture") { $0.machineOfCore = .riscv },
    .init("segment-count") { $0.segments = [] },
    .init("crash-region", .crash) { $0.facts.crashRegions = [] },
    .init("whole-pages") { $0.move("initrd", to: 0x5000_0001) },
    .init("bytes-fit") { $0.contents["initrd.bin"] = Array(repeating: 0, count: 9000) },
    .init("address-limit") { $0.move("initrd", to: 1 << 48) },
    .init("apart") { $0.move("initrd", to: 0x4000_0000) },
    .init("half-of-memory") { $0.facts.systemRAM = [range(0x4000_0000, 0x10_0000)] },
    .init("in-crash-region", .crash) { $0.facts.crashRegions = [range(0x4a00_0000, 64 << 20)] },
    .init("in-ram") { $0.move("initrd", to: 0x9000_0000) },
    .init("in-free-ram") { $0.facts.reserved = [range(0x4000_0000, 0x1000)] },
    .init("beside-firmware", of: RuleSample.loongArch64) { $0.move("initrd", to: 0x10_0000) },
    .init("control-pages", .crash) { $0.facts.crashRegions = [range(0x4800_0000, 4096)] },
  ]

  private static let ofKernel: [RuleBreach] = [
    .init("plan-has-kernel") { $0.remove("kernel") },
    .init("image-at-entry") { $0.contents["kernel.bin"]?[56] ^= 1 },
    .init("kernel-architecture") {
      $0.contents["kernel.bin"] = KernelBuilder.riscvImage(size: 100_000, imageSize: 0x10_0000)
    },
    .init("kernel-memory") {
      $0.contents["kernel.bin"] = KernelBuilder.arm64Image(size: 100_000, imageSize: 0x100_0000)
    },
    .init("kernel-entry", of: RuleSample.loongArch64) { $0.entry -= 4 },
    .init("kernel-alignment", of: RuleSample.loongArch64) { $0.move("kernel", to: 0x4400_1000) },
    .init("entry-in-segment") { $0.entry = 0x1000 },
    .init("entry-is-trampoline") { $0.entry = 0x4000_0000 },
    .init("trampoline") { $0.contents["trampoline.bin"]?[0] ^= 1 },
    .init("one-elf-file", .crash) { $0.begin("initrd", with: [0x7f] + Array("ELF".utf8)) },
    .init("one-command-line", of: RuleSample.loongArch64) {
      $0.begin("initrd", with: Array("kexec".utf8))
    },
    .init("one-tree") { $0.begin("initrd", with: [0xd0, 0x0d, 0xfe, 0xed]) },
  ]

  private static let ofMemory: [RuleBreach] = [
    .init("some-memory", .crash) { $0.setMemory(range(0x4000_0000, 0x10_0000)) },
    .init("segments-in-memory") { $0.setMemory(range(0x4000_0000, 0x10_0000)) },
    .init("segments-unreserved") { $0.reserve(range(0x4000_0000, 0x1000)) },
    .tree("ppc64-cpus", of: RuleSample.ppc64) { try $0.deleteNode("/cpus") },
    .tree("ppc64-memory-blocks", of: RuleSample.ppc64) {
      try $0.addNode("ibm,dynamic-reconfiguration-memory", to: "/")
    },
    .tree("ppc64-rtas", of: RuleSample.ppc64) {
      try $0.setProperty("rtas-size", of: "/rtas", to: .u32(0))
    },
    .tree("ppc64-dump-is-spared", .crash, of: RuleSample.ppc64) {
      try $0.deleteProperty("linux,usable-memory", of: "/memory@20000000")
    },
    .tree("ppc64-own-memory", .crash, of: RuleSample.ppc64) {
      try $0.setProperty("linux,usable-memory", of: "/memory@0", to: .cells([0, 0, 0, 0x1000]))
    },
    .tree("initrd-whole") { try $0.deleteProperty("linux,initrd-end", of: "/chosen") },
    .tree("initrd-in-memory") { try $0.set("linux,initrd-end", .u64(1 << 40)) },
    .init("initrd-loaded") { $0.move("initrd", to: 0x5000_0000) },
    .init("initrd-near-kernel") { $0.move("initrd", to: 1 << 40) },
  ]

  private static let ofCrash: [RuleBreach] = [
    .tree("no-elfcorehdr") { try $0.set("linux,elfcorehdr", .cells([0, 0x4900_0000, 0, 4096])) },
    .tree("elfcorehdr-named", .crash) { try $0.deleteProperty("linux,elfcorehdr", of: "/chosen") },
    .tree("elfcorehdr-one-range", .crash) { try $0.set("linux,elfcorehdr", .cells([0, 1])) },
    .tree("elfcorehdr-beside-initrd", .crash) {
      let start = try #require($0.chosen("linux,initrd-start")?.number)
      try $0.set("linux,elfcorehdr", .cells([0, UInt32(start), 0, 4096]))
    },
    .init("elfcorehdr-loaded", .crash) { $0.move("elfcorehdr", to: 0x4900_0000) },
    .init("elfcorehdr-contents", .crash) { $0.contents["elfcorehdr.bin"]?[16] = 2 },
    .init("no-cap") { $0.setCap([0x4800_0000]) },
    .tree("cap", .crash) { try $0.deleteProperty("linux,usable-memory-range", of: "/chosen") },
    .init("cap-ranges", .crash) { $0.setCap([]) },
    .init("cap-own", .crash) { $0.setCap([0x4800_0000, 0x4000_0000]) },
    .init("cap-first", .crash) { $0.setCap([0x4000_0000]) },
    .init("cap-first-loaded", .crash) { $0.setCap([0x4000_0000]) },
  ]

  private static let ofChosen: [RuleBreach] = [
    .init("bootargs-length") { $0.setLine(String(repeating: "a", count: 3000)) },
    .init("bootargs-elfcorehdr", .crash) { $0.setLine("elfcorehdr=0x1000 quiet") },
    .tree("leftovers") { try $0.set("linux,kexec-handover-buffer-start", .u64(1)) },
    .init("ima-reserved") { $0.release("ima") },
    .init("ima-loaded") { $0.remove("ima") },
    .init("ima-not-for-crash", .crash) { $0.add("ima", at: 0x4a00_0000) },
    .init("ima-list") { $0.contents["ima.bin"]?[0] = 2 },
    .tree("kho-both") { try $0.set("linux,kho-fdt", .cells([0, 0x4900_0000, 0, 4096])) },
    .tree("kho-not-planned") { try $0.set("linux,kho-fdt", .cells([0, 0x4900_0000, 0, 4096])) },
    .tree("disk-keys-with-seed", .crash) {
      try $0.set("linux,dmcryptkeys", .cells([0, 0x4900_0000, 0, 4096]))
      try $0.deleteProperty("rng-seed", of: "/chosen")
    },
    .init("extra-named") { $0.move("extra", to: 0x6000_0000) },
    .init("extra-reserved") { $0.release("extra") },
  ]

  private static let ofLine: [RuleBreach] = [
    .line("plan-has-command-line") { $0.remove("cmdline") },
    .line("no-buffers") { $0.add("extra", at: 0x6b00_0000) },
    .line("cmdline-size") { $0.contents["cmdline.bin"]?.removeLast() },
    .line("cmdline-ends") {
      $0.contents["cmdline.bin"] = Array("kexec_file ".utf8) + .init(repeating: 97, count: 4085)
    },
    .line("cmdline-start") { $0.replace("kexec_file ", " kexec_file ") },
    .line("cmdline-no-kaslr") { $0.replace("kexec_file", "kexec") },
    .line("cmdline-initrd") { $0.replace("0x1388", "0x1389") },
    .line("cmdline-elfcorehdr") { $0.replace("elfcorehdr=", "header=") },
    .line("cmdline-has-elfcorehdr") { $0.remove("elfcorehdr") },
    .line("cmdline-cap") { $0.replace("quiet", "mem=1G") },
    .line("cmdline-cap-own") { $0.replace("quiet", "mem=1G@0") },
    .line("cmdline-memory") { $0.replace("mem=0x4000000@0x6a000000", "mem=1M@0x6a000000") },
  ]

  private static func line(
    _ id: String, _ make: @escaping @Sendable (inout LoadFolder) throws -> Void
  ) -> RuleBreach {
    RuleBreach(id, .crash, of: RuleSample.loongArch64, make)
  }

  private static let ofRequest: [RuleBreach] = [
    .init("requested-reservations") { $0.reserve(range(0x6000_0000, 0x1000)) },
    .tree("rest-of-tree") { try $0.setProperty("model", of: "/", to: .string("x")) },
    .tree("rest-of-chosen") { try $0.set("stdout-path", .string("x")) },
    .init("requested-bootargs") { $0.setLine("loud") },
    .tree("requested-initrd") { try $0.set("linux,initrd-end", .u64(1 << 30 + 1)) },
    .init("requested-crash-memory", .crash) { $0.setCap([0x4800_0000, 0x4000_0000]) },
    .tree("requested-buffers") { try $0.set("acme,log", .cells([0, 0x6000_0000, 0, 3])) },
    .tree("requested-kaslr-seed") { try $0.set("kaslr-seed", .u32(1)) },
    .tree("requested-rng-seed") { try $0.deleteProperty("rng-seed", of: "/chosen") },
    .tree("booted-from-kexec") { try $0.set("linux,booted-from-kexec", .u32(1)) },
  ]
}

extension LoadFolder {
  fileprivate mutating func add(_ name: String, at start: UInt64) {
    segments.append(.init(name: name, range: range(start, 0x1_0000), file: "\(name).bin"))
  }

  fileprivate mutating func begin(_ name: String, with bytes: [UInt8]) {
    contents["\(name).bin"]?.replaceSubrange(0..<bytes.count, with: bytes)
  }

  /// Deletes the reservation of a segment, to the size of its memory or of its bytes.
  fileprivate mutating func release(_ name: String) {
    guard let segment = segments.first(where: { $0.name == name }) else { return }
    edit { tree in
      for entry in tree.reservations where entry.address == segment.range.start {
        try tree.deleteReservation(entry)
      }
    }
  }
}

extension DeviceTree {
  fileprivate mutating func set(_ name: String, _ value: PropertyValue) throws {
    try setProperty(name, of: "/chosen", to: value)
  }

  /// Adds a property to `/chosen`, whether there is one of its name or not.
  fileprivate mutating func append(_ name: String, _ value: PropertyValue) throws {
    var root = root
    let index = try #require(root.children.firstIndex { $0.name == "chosen" })
    root.children[index].properties.append(Property(name, value))
    self = try DeviceTree(root: root, besides: self)
  }
}
