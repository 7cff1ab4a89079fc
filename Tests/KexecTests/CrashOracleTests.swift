// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Foundation
import Kexec
import PhysicalMemory
import RunningKernel
import SystemPackage
import TestSupport
import Testing

@Suite struct `The tree of a crash kernel` {
  @Test(arguments: [
    ("arm64-virt-6.12-kf", Architecture.arm64), ("arm64-virt-2g-6.12-kf", .arm64),
    ("arm64-virt-6g-highlow-6.12-kf", .arm64), ("arm64-virt-uefi-dt-6.12-kf", .arm64),
    ("riscv64-virt-7.2-kf", .riscv64),
  ])
  func `equals the kernel's own`(name: String, architecture: Architecture) throws {
    let oracle = try CrashOracle(name, maker: "kernel")

    let ours = try DeviceTree(blob: oracle.nextTree(for: architecture).blob)

    #expect(oracle.tree.compared(with: ours).differences.filter { !$0.isOfSeed } == [])
  }

  /// The kernel leaves room after its core header for memory that may be plugged in.
  @Test func `equals the kernel's own on pseries, but for names of CPUs`() throws {
    let oracle = try CrashOracle("pseries-7.2-kf", maker: "kernel", backup: 0x208d_0000)

    let ours = try DeviceTree(blob: oracle.nextTree(for: .ppc64).blob)

    let differences = ours.compared(with: oracle.tree).differences.filter { !$0.isOfSeed }
    #expect(differences == namesOfCPUs)
  }

  /// What kexec-tools leaves out of a crash tree: reference/device-tree.md section 8. Its command line
  /// is padded, and riscv's has no `elfcorehdr=`.
  @Test(arguments: [
    ("arm64-virt-6.12", Architecture.arm64), ("arm64-virt-6.12-kf", .arm64),
    ("arm64-virt-2g-6.12-kf", .arm64), ("arm64-virt-6g-highlow-6.12-kf", .arm64),
    ("arm64-virt-uefi-dt-6.12-kf", .arm64), ("arm64-virt-uefi-acpi-6.12", .arm64),
    ("riscv64-virt-6.12", .riscv64), ("riscv64-virt-7.2-kf", .riscv64),
  ])
  func `has what kexec-tools forgets, and nothing else`(
    name: String, architecture: Architecture
  ) throws {
    let oracle = try CrashOracle(name, maker: "kexec-tools")
    let header = try #require(oracle.handover.coreHeaderRange)

    let ours = try DeviceTree(blob: oracle.nextTree(for: architecture).blob)

    let differences = oracle.tree.compared(with: ours).differences.filter { difference in
      if case .property("bootargs", _, _, _) = difference { false } else { !difference.isOfSeed }
    }
    #expect(
      Set(differences) == [
        .reservation(try #require(oracle.handover.initrdRange).tuple, onlyIn: .second),
        .reservation(header.tuple, onlyIn: .second),
        .property("linux,booted-from-kexec", node: "/chosen", from: nil, to: .empty),
      ])
    let line = try #require(try ours.chosen("bootargs")?.string)
    let prefix =
      architecture == .riscv64 ? "elfcorehdr=0x\(String(header.start, radix: 16)) " : ""
    #expect(line == prefix + oracle.commandLine)
    #expect(
      Array(oracle.commandLine.utf8)
        == (try oracle.tree.chosen("bootargs"))?.bytes.prefix { $0 != 0 }.map { $0 })
  }

  /// kexec-tools starts from the live tree, as we do; `reference/device-tree.md` section 6.4. It reserves its
  /// own tree, whose place we do not know yet; keeps what the running kernel said of its `mem=`; and tells
  /// of the core header on the command line alone. What firmware reserved for RTAS is not in a live tree.
  @Test(arguments: [("pseries-6.12", 0x2287_f000), ("pseries-7.2-kf", 0x208d_0000)])
  func `is kexec-tools' on pseries, but for named differences`(
    name: String, backup: UInt64
  ) throws {
    let machine = try RunningKernel(root: .init(Fixtures.machine(name)))
    let theirs = try DeviceTree(
      blob: contents(of: Fixtures.machine(name) + "/oracle/kexec-tools.dtb"))
    let reserved = theirs.reservations.sorted()
    let header = try #require(reserved.first { $0.size == 0x400 })
    let start = try #require(try theirs.chosen("linux,initrd-start")?.number)
    let end = try #require(try theirs.chosen("linux,initrd-end")?.number)
    var handover = KexecRequest(
      commandLine: "quiet", initrd: range(start, end - start), seeds: .none,
      crash: Crash(
        coreHeader: range(header.address, header.size), usableMemory: try machine.crashRegions(),
        backup: backup))

    handover.hasLiveState = true
    let next = try NextTree(
      from: machine.liveTree().tree, for: .ppc64, handover: handover, machine: facts(of: machine))

    let ours = try DeviceTree(blob: next.blob)
    let differences = theirs.compared(with: ours).differences.filter { difference in
      if case .property("bootargs", _, _, _) = difference { false } else { true }
    }
    let rtas = try #require(
      ours.reservations.first { $0.size != 0x83c && $0.address >> 24 == 0x2f })
    let crashed = try #require(machine.crashRegions().first)
    #expect(
      Set(differences) == [
        .reservation(try #require(reserved.last), onlyIn: .first),
        .reservation(rtas, onlyIn: .second),
        .property("linux,memory-limit", node: "/chosen", from: .u64(2 << 30), to: nil),
        .property(
          "linux,usable-memory-range", node: "/chosen", from: nil,
          to: .cells([0, UInt32(crashed.start), 0, UInt32(crashed.size)])),
        .property(
          "linux,elfcorehdr", node: "/chosen", from: nil,
          to: .cells([0, UInt32(header.address), 0, 0x400])),
      ])
  }

  @Test(arguments: [
    ("arm64-virt-6g-highlow-6.12-kf", Architecture.arm64), ("riscv64-virt-7.2-kf", .riscv64),
  ])
  func `made of itself again is the same`(name: String, architecture: Architecture) throws {
    let oracle = try CrashOracle(name, maker: "kernel")
    let once = try oracle.nextTree(for: architecture)

    let twice = try NextTree(
      from: DeviceTree(blob: once.blob), for: architecture, handover: oracle.handover,
      machine: try facts(of: oracle.machine))

    #expect(twice.blob == once.blob)
    #expect(twice.changes.filter { $0.action != .kept } == [])
  }

  @Test func `leaves nothing behind when an ordinary kexec follows`() throws {
    let oracle = try CrashOracle("arm64-virt-6g-highlow-6.12-kf", maker: "kernel")
    var ordinary = oracle.handover
    ordinary.purpose = .kexec
    ordinary.inputs = [.init(.initrd, .at(range(0x5000_0000, 0x1000)))]

    let direct = try NextTree(from: oracle.base, for: .arm64, handover: ordinary)
    let after = try NextTree(
      from: DeviceTree(blob: oracle.nextTree(for: .arm64).blob), for: .arm64, handover: ordinary)

    let trees = try [direct, after].map { try DeviceTree(blob: $0.blob) }
    #expect(trees[0].compared(with: trees[1]).differences == [])
  }
}

/// A captured machine and the crash tree that was made of it.
struct CrashOracle {
  let machine: RunningKernel
  let base: DeviceTree
  let tree: DeviceTree
  let commandLine: String
  let handover: KexecRequest

  /// Where a loader put things is its choice, and is taken from its tree; the usable memory is not: it
  /// comes from `/proc/iomem`.
  init(_ name: String, maker: String, backup: UInt64? = nil) throws {
    let folder = try Fixtures.machine(name)
    machine = RunningKernel(root: .init(folder))
    base = try DeviceTree(blob: machine.flatTree())
    tree = try DeviceTree(blob: contents(of: folder + "/oracle/\(maker).dtb"))
    let info = try String(contentsOfFile: folder + "/oracle/info.txt", encoding: .utf8)
    commandLine = try Self.commandLine(in: info, maker)
    let cells = try tree.cellCounts(of: "/")
    let header = try #require(try tree.chosen("linux,elfcorehdr")?.tuples(cells)?.first)
    let start = try #require(try tree.chosen("linux,initrd-start")?.number)
    let end = try #require(try tree.chosen("linux,initrd-end")?.number)
    handover = KexecRequest(
      commandLine: .given(KernelCommandLine(commandLine)), initrd: range(start, end - start),
      seeds: fixedSeeds,
      crash: Crash(
        coreHeader: range(header.address, header.size),
        usableMemory: try machine.crashRegions(), backup: backup))
  }

  func nextTree(for architecture: Architecture) throws -> NextTree {
    try NextTree(
      from: base, for: architecture, handover: handover, machine: try facts(of: machine))
  }

  private static func commandLine(in info: String, _ maker: String) throws -> String {
    let sections = info.components(separatedBy: "\n\n")
    let section = try #require(
      sections.first { $0.hasPrefix("[\(maker)") && $0.contains("crash image") })
    let line = section.split(separator: "\n").first { $0.hasPrefix("bootargs") }
    return String(try #require(line?.split(separator: ": ", maxSplits: 1).last))
  }
}

extension PhysicalRange {
  /// As a tree stores it.
  var tuple: AddressAndSize { AddressAndSize(address: start, size: size) }
}
