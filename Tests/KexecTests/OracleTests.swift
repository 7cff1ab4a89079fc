// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import Foundation
import Kexec
import PhysicalMemory
import RunningKernel
import SystemPackage
import TestSupport
import Testing

/// The referee: what a real kernel's kexec_file_load made of the same machine.
@Suite struct `Against the kernel` {
  @Test(arguments: [
    ("arm64-virt-6.12-kf", Architecture.arm64), ("arm64-virt-2g-6.12-kf", .arm64),
    ("arm64-virt-6g-highlow-6.12-kf", .arm64), ("arm64-virt-uefi-dt-6.12-kf", .arm64),
    ("riscv64-virt-7.2-kf", .riscv64),
  ])
  func `the tree is the kernel's`(name: String, architecture: Architecture) throws {
    let oracle = try Oracle(name)

    let ours = try DeviceTree(blob: oracle.nextTree(for: architecture).blob)

    let differences = ours.compared(with: oracle.tree).differences.filter { !$0.isOfSeed }
    #expect(differences == [])
    #expect(try sourceWithoutSeeds(ours) == sourceWithoutSeeds(oracle.tree))
  }

  /// Every node of a live tree has a `name`, and the kernel copies its CPUs from there; it is left out
  /// here, as from all nodes (`drivers/of/fdt.c:populate_properties` puts it back).
  @Test func `the tree is the kernel's on pseries, but for names of CPUs`() throws {
    let oracle = try Oracle("pseries-7.2-kf")

    let ours = try DeviceTree(blob: oracle.nextTree(for: .ppc64).blob)

    let differences = ours.compared(with: oracle.tree).differences.filter { !$0.isOfSeed }
    #expect(differences == namesOfCPUs)
  }

  /// What kexec-tools leaves out: reference/device-tree.md section 8.
  @Test(arguments: [
    "arm64-virt-1g-6.1", "arm64-virt-6.12", "arm64-virt-6.12-kf", "arm64-virt-2g-6.12-kf",
    "arm64-virt-6g-highlow-6.12-kf", "arm64-virt-uefi-dt-6.12-kf", "arm64-virt-uefi-acpi-6.12",
  ])
  func `kexec-tools forgets a reservation and a mark, and pads the command line`(name: String)
    throws
  {
    let oracle = try Oracle(name, maker: "kexec-tools")

    let ours = try DeviceTree(blob: oracle.nextTree(for: .arm64).blob)

    var theirs = oracle.tree
    let padded = try #require(try theirs.chosen("bootargs")).bytes
    #expect(padded.count % 4 == 0)
    let line = oracle.commandLine.bytes
    #expect(Array(padded.prefix { $0 != 0 }) == line)
    try theirs.setProperty("bootargs", of: "/chosen", to: PropertyValue(bytes: line + [0]))
    let missing = theirs.compared(with: ours).differences.filter { !$0.isOfSeed }
    let initrd = try #require(oracle.handover.initrdRange)
    #expect(
      Set(missing) == [
        .reservation(AddressAndSize(address: initrd.start, size: initrd.size), onlyIn: .second),
        .property("linux,booted-from-kexec", node: "/chosen", from: nil, to: .empty),
      ])
  }

  private func sourceWithoutSeeds(_ tree: DeviceTree) throws -> [Substring] {
    try Fixtures.sortedSource(tree.blob).split(separator: "\n").filter { !$0.contains("-seed =") }
  }
}

/// What the kernel puts into CPU nodes of pseries machines, and we leave out.
let namesOfCPUs = ["/cpus/PowerPC,POWER9@0", "/cpus/PowerPC,POWER9@1"].map {
  TreeComparison.Difference.property("name", node: $0, from: nil, to: .string("PowerPC,POWER9"))
}

/// A captured machine, what its next kernel was told, and the tree that was made of it.
struct Oracle {
  let machine: RunningKernel
  let base: DeviceTree
  let commandLine: KernelCommandLine
  let handover: KexecRequest
  let tree: DeviceTree

  init(_ name: String, maker: String = "kernel") throws {
    let folder = try Fixtures.machine(name)
    machine = RunningKernel(root: .init(folder))
    base = try DeviceTree(blob: machine.flatTree())
    tree = try DeviceTree(blob: contents(of: folder + "/oracle/normal-\(maker).seen.dtb"))
    let info = try String(contentsOfFile: folder + "/oracle/info.txt", encoding: .utf8)
    commandLine = KernelCommandLine(try Self.commandLine(in: info, maker))
    handover = KexecRequest(
      commandLine: .given(commandLine),
      initrd: try Self.initrd(in: info, maker, tree), seeds: fixedSeeds)
  }

  func nextTree(for architecture: Architecture) throws -> NextTree {
    try NextTree(
      from: base, for: architecture, handover: handover, machine: try facts(of: machine))
  }

  private static func section(of info: String, _ maker: String) throws -> Substring {
    let start = try #require(info.range(of: "[\(maker), normal"))
    let rest = info[start.lowerBound...]
    let end = rest.range(of: "\n\n")?.lowerBound ?? rest.endIndex
    return rest[..<end]
  }

  private static func commandLine(in info: String, _ maker: String) throws -> String {
    let lines = try section(of: info, maker).split(separator: "\n")
    let texts = lines.compactMap { line in
      line.hasPrefix("bootargs: ")
        ? line.dropFirst(10) : line.range(of: "--append=").map { line[$0.upperBound...] }
    }
    return String(try #require(texts.first))
  }

  /// The kernel logs where it put the initrd; kexec-tools' place is taken from its tree, as its log
  /// has pages only.
  private static func initrd(
    in info: String, _ maker: String, _ tree: DeviceTree
  ) throws -> PhysicalRange {
    guard maker == "kernel" else {
      let start = try #require(tree.chosen("linux,initrd-start")?.number)
      return try #require(
        PhysicalRange(start: start, end: tree.chosen("linux,initrd-end")?.number ?? 0))
    }
    let lines = try section(of: info, maker).split(separator: "\n")
    let loaded = try #require(lines.first { $0.hasPrefix("Loaded initrd at") })
    let start = loaded.split(separator: " ")[3]
    let sized = lines.first { $0.contains(start) && $0.contains("bufsz=") }
    let size = sized?.split(separator: " ").first { $0.hasPrefix("bufsz=") }?.dropFirst(6)
    return range(
      try #require(UInt64(address: start)), try #require(size.flatMap { UInt64(address: $0) }))
  }
}
