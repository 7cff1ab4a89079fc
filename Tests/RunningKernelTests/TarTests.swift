// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import Foundation
import Kexec
import RunningKernel
import SystemPackage
import TestSupport
import Testing

private func read(_ archive: [UInt8]) throws(MachineError) -> DeviceTree {
  try LiveTree(archive: archive.span, named: "tree.tar").tree
}

/// A header block as POSIX has it, with the right sum.
private func header(
  _ name: String, _ type: Character = "0", size: String = "0", prefix: String = "",
  magic: String = "ustar\u{0}00"
) -> [UInt8] {
  var block = [UInt8](repeating: 0, count: 512)
  func put(_ text: String, at offset: Int) {
    for (place, byte) in text.utf8.enumerated() { block[offset + place] = byte }
  }
  put(name, at: 0)
  put(size, at: 124)
  put("        ", at: 148)
  put(String(type), at: 156)
  put(magic, at: 257)
  put(prefix, at: 345)
  let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
  put(String(repeating: "0", count: 6 - sum.count) + sum + "\u{0} ", at: 148)
  return block
}

/// A member with its bytes.
private func member(
  _ name: String, _ content: [UInt8], type: Character = "0", prefix: String = ""
) -> [UInt8] {
  header(name, type, size: String(content.count, radix: 8), prefix: prefix) + content
    + [UInt8](repeating: 0, count: -content.count & 511)
}

private func pax(_ records: String) -> [UInt8] { member("pax", Array(records.utf8), type: "x") }

private let end = [UInt8](repeating: 0, count: 1024)

@Suite struct `A tar archive of a live tree` {
  @Test(arguments: [
    "arm64-virt-1g-6.1", "arm64-virt-2g-6.12-kf", "arm64-virt-6.12", "arm64-virt-6.12-kf",
    "arm64-virt-6g-highlow-6.12-kf", "arm64-virt-uefi-dt-6.12-kf", "riscv64-virt-6.12",
    "riscv64-virt-7.2-kf", "pseries-6.12", "pseries-7.2-kf",
  ])
  func `is the same tree as its folder, byte by byte`(machine: String) throws {
    let folder = try Fixtures.machine(machine)
    let archive = try contents(of: folder + "/proc-device-tree.tar")

    #expect(try read(archive) == LiveTree(folder: FilePath(folder + "/proc/device-tree")).tree)
    let isArchive = LiveTree.isArchive(archive.span)
    #expect(isArchive)
  }

  @Test(arguments: ["gnu", "oldgnu", "ustar", "pax", "posix"])
  func `has one of the formats of tar`(format: String) throws {
    var root = someRoot
    // Longer than the 100 bytes of a name in a header; ustar has 155 more.
    let long = String(repeating: "long", count: 20)
    root.children.append(
      Node(
        long,
        children: [Node("child@1", properties: [Property(long, .u32(1)), Property("q", .empty)])]))
    let folder = try liveFolder(root)
    // GNU has a member for a link's long name too, ustar no place for it.
    let target = String(repeating: "x", count: format == "ustar" ? 100 : 200)
    try run("ln", ["-s", target, folder / "link"])

    let live = try LiveTree(tarOf: folder, "--format=" + format)

    #expect(try live.tree == LiveTree(folder: folder).tree)
    #expect(try live.tree.property(long, of: "/\(long)/child@1") == .u32(1))
  }

  @Test(arguments: ["USTAR", "GNU", "PAX"])
  func `may be written by other tools`(format: String) throws {
    let folder = try liveFolder(someRoot)
    let script = """
      import sys, tarfile
      with tarfile.open(sys.argv[1], "w", format=tarfile.\(format)_FORMAT) as archive:
        archive.add(sys.argv[2], arcname="sys/firmware/devicetree/base")
      """
    let place = try TemporaryFolder()
    try run("python3", ["-c", script, place / "tree.tar", folder.path])

    #expect(try read(contents(of: place / "tree.tar")).root == someRoot)
  }

  @Test func `may have the folder some folders deep, and its members in any order`() throws {
    let archive =
      member("/sys/firmware/base/soc/reg", [1]) + header("sys/firmware/base/", "5")
      + member("./sys//firmware/./base/p", [2]) + end

    let root = try read(archive).root

    #expect(
      root
        == Node(
          "", properties: [Property("p", PropertyValue(bytes: [2]))],
          children: [Node("soc", properties: [Property("reg", PropertyValue(bytes: [1]))])]))
  }

  @Test func `counts what comes later when a file is there twice`() throws {
    #expect(
      try read(member("p", [1]) + member("p", [2, 3]) + end).root.properties.map(\.value.bytes) == [
        [2, 3]
      ])
  }

  @Test func `takes a name from the field before it, and from an extended header`() throws {
    let archive =
      member("c", [1], prefix: "a/b") + pax("17 path=x/y/long\n13 mtime=1.5\n10 size=3\n")
      + member("short", [1, 2, 3]) + member("p", []) + end

    let tree = try read(archive)

    #expect(try tree.property("c", of: "/a/b")?.bytes == [1])
    #expect(try tree.property("long", of: "/x/y")?.bytes == [1, 2, 3])
    #expect(tree.root.properties.map(\.name) == ["p"])
  }
}

@Suite struct `A tar archive that is none, or is damaged` {
  @Test func `is refused at every length that it can be cut to`() throws {
    let machine = try Fixtures.machine("pseries-7.2-kf")
    let whole = try contents(of: machine + "/proc-device-tree.tar")
    // What it ends with: two blocks of zeros, and more up to ten KiB.
    let last = try #require(whole.lastIndex { $0 != 0 })
    let complete = (last / 512 + 2) * 512
    let lengths = Array(stride(from: 0, to: complete, by: 3571)) + [complete - 1, complete - 512]

    for length in lengths {
      let cut = Array(whole.prefix(length))
      let error = #expect(throws: MachineError.self) { try read(cut) }
      guard case .malformed("tree.tar", .truncated(let offset, _)) = error else {
        Issue.record("\(length): \(String(describing: error))")
        continue
      }
      #expect(offset <= length)
    }
    #expect(throws: Never.self) { try read(Array(whole.prefix(complete))) }
  }

  @Test func `is refused, or read, with any byte of a header changed`() throws {
    let archive = pax("10 size=3\n") + member("a/b", [1, 2, 3]) + end

    for place in archive.indices {
      for value in [0, 0x2f, 0x37, 0xff] as [UInt8] where archive[place] != value {
        var damaged = archive
        damaged[place] = value
        do throws(MachineError) {
          _ = try read(damaged)
        } catch {
          #expect(!"\(error)".contains("\n"))
        }
        // The sum covers all of a header but itself.
        if place < 512, !(148..<156 ~= place) {
          #expect(throws: MachineError.self) { try read(damaged) }
        }
      }
    }
  }

  @Test(
    arguments: [
      ("a hard link", header("p", "1"), .unsupported(offset: 156, value: 0x31)),
      ("a file with holes", header("p", "S"), .unsupported(offset: 156, value: 0x53)),
      (
        "holes in the other form", pax("22 GNU.sparse.major=1\n"),
        .unsupported(offset: 515, value: 18)
      ),
      ("part of a file", header("p", "M"), .unsupported(offset: 156, value: 0x4d)),
      (
        "names for all", member("g", Array("8 path=\n".utf8), type: "g"),
        .unsupported(offset: 156, value: 0x67)
      ),
      ("no octal size", header("p", size: "9"), .badValue(offset: 124, value: 0x39)),
      (
        "a size that passes the end", header("p", size: "77777777777"),
        .truncated(offset: 512, size: 0o77777777777)
      ),
      ("no magic", header("p", magic: ""), .badMagic(offset: 257)),
      ("a record that is too long", pax("99 path=x\n"), .badValue(offset: 512, value: 0x39)),
      ("a record without an end", pax("8 path=xx"), .badValue(offset: 512, value: 0x38)),
      ("a record without a length", pax("path=x\n"), .badValue(offset: 512, value: 0x70)),
      ("a record of nothing", pax("2 \n"), .badValue(offset: 512, value: 0x32)),
      ("a record without a key", pax("8 path!\n"), .badValue(offset: 514, value: 5)),
      ("a size that is no number", pax("10 size=x\n"), .badValue(offset: 520, value: 1)),
      (
        "a size that no number holds", pax("30 size=99999999999999999999\n"),
        .badValue(offset: 512, value: 0x33)
      ),
    ] as [(String, [UInt8], FormatError)])
  func `is refused with the place and the reason`(
    what: String, start: [UInt8], reason: FormatError
  ) throws {
    #expect(throws: MachineError.malformed("tree.tar", reason)) { try read(start + end) }
  }

  @Test func `is refused for a size that 64 bits do not hold`() throws {
    var block = header("p")
    for place in 124..<136 { block[place] = 0xff }
    let sum = block.enumerated().reduce(0) { $0 + (148..<156 ~= $1.offset ? 32 : Int($1.element)) }
    let digits = String(sum, radix: 8)
    let field = String(repeating: "0", count: 6 - digits.count) + digits
    for (place, byte) in field.utf8.enumerated() { block[148 + place] = byte }

    #expect(throws: MachineError.malformed("tree.tar", .badValue(offset: 124, value: .max))) {
      try read(block + end)
    }
  }

  @Test(arguments: [
    ("../p", DeviceTreeError(.badName, node: "/..")), ("a/../p", .init(.badName, node: "/a/..")),
    ("a/..", .init(.badName, node: "/a", property: "..")),
    (".", .init(.badName, node: "/", property: "")),
    ("a\u{1}/p", .init(.badName, node: "/a\u{1}")),
    ("a/p\u{7f}", .init(.badName, node: "/a", property: "p\u{7f}")),
  ])
  func `is refused for a path that no tree has`(path: String, reason: DeviceTreeError) throws {
    #expect(throws: MachineError.malformedTree("tree.tar", reason)) {
      try read(member("p", []) + member(path, [1]) + end)
    }
  }

  @Test func `is refused where a node and a property have one name`() throws {
    let reason = MachineError.malformedTree("tree.tar", DeviceTreeError(.exists, node: "/a"))

    #expect(throws: reason) { try read(member("a", [1]) + member("a/b", [1]) + end) }
    #expect(throws: reason) { try read(member("a/b", [1]) + member("a", [1]) + end) }
  }

  @Test func `is no deeper than a tree, however long its paths are`() throws {
    let path = String(repeating: "a/", count: 100_000) + "p"
    let record = "path=\(path)\n"
    let length = record.utf8.count + 7
    #expect(throws: MachineError.self) {
      try read(pax("\(length) \(record)") + member("x", []) + end)
    }
  }
}
