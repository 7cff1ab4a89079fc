// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `A damaged header` {
  /// 102 bytes: reservations at 40, the structure at 56, the strings at 100.
  static let blob = RawBlob(root: [.property("p", [1, 2, 3, 4]), .beginNode("n"), .endNode]).bytes()

  @Test func `is distinguished from a sound one`() throws {
    let tree = try DeviceTree(blob: Self.blob)

    #expect(try fdtget(tree.blob, ["-t", "x"], "/", "p") == ["1020304"])
    #expect(Self.blob.count == 102)
  }

  @Test(arguments: 0..<28)
  func `is noticed when the file ends inside it`(size: Int) {
    #expect(throws: DeviceTreeError(.truncated, offset: size)) {
      try DeviceTree(blob: Array(Self.blob[..<size]))
    }
  }

  @Test(arguments: 28..<102)
  func `is noticed when it declares more bytes than there are`(size: Int) {
    #expect(throws: DeviceTreeError(.truncated, offset: 4, value: 102)) {
      try DeviceTree(blob: Array(Self.blob[..<size]))
    }
  }

  /// The header says that the file ends before its blocks do.
  @Test(arguments: 0..<102)
  func `is noticed when it declares fewer bytes than its blocks take`(size: Int) {
    let error = #expect(throws: DeviceTreeError.self) {
      try DeviceTree(blob: Self.blob.with(UInt32(size), at: 4))
    }

    #expect(error?.code == .badLayout)
    #expect(error?.offset != nil)
  }

  @Test(arguments: 0..<102)
  func `of version 16 is no different, although it lacks a size`(size: Int) {
    let old = Self.blob.with(16, at: 20).with(UInt32(size), at: 4)

    #expect(throws: DeviceTreeError.self) { try DeviceTree(blob: old) }
  }

  @Test(arguments: 0..<40, 0..<8)
  func `is refused, or the tree stays one that dtc and fdtdump read`(byte: Int, bit: Int) throws {
    var damaged = Self.blob
    damaged[byte] ^= 1 << bit

    do {
      let tree = try DeviceTree(blob: damaged)
      #expect(20..<32 ~= byte, "only the versions and the boot CPU may be others")
      #expect(try Fixtures.sortedSource(tree.blob) == Fixtures.sortedSource(Self.blob))
      #expect(try fdtdump(tree.blob).contains("version:"))
    } catch let error as DeviceTreeError {
      #expect(error.offset != nil, "\(error)")
    }
  }

  @Test(arguments: Damage.ofHeader)
  func `is refused where it is wrong`(damage: Damage) {
    #expect(throws: damage.error) { try DeviceTree(blob: damage.blob) }
    #expect(throws: damage.error) { try DeviceTree(ownBlob: damage.blob.span) }
  }

  @Test(arguments: 0...15 as ClosedRange<UInt32>)
  func `of an old version is refused`(version: UInt32) {
    let old = Self.blob.with(version, at: 20).with(min(version, 1), at: 24)

    #expect(throws: DeviceTreeError(.badVersion, offset: 20, value: UInt64(version))) {
      try DeviceTree(blob: old)
    }
  }

  @Test(arguments: [16, 17] as [UInt32])
  func `of a later version that calls itself compatible is read`(compatible: UInt32) throws {
    let tree = try DeviceTree(blob: Self.blob.with(18, at: 20).with(compatible, at: 24))

    #expect(tree.sourceVersion == 18)
    #expect(tree.blob == (try DeviceTree(blob: Self.blob).blob))
  }
}

extension Damage {
  static let ofHeader: [Damage] = [
    header("not a device tree", (0, 0xd00d_feee), .badMagic),
    header("bytes swapped", (0, 0xedfe_0dd0), .badMagic),
    header("4 GiB", (4, 0xffff_ffff), .truncated),
    header("2 GiB", (4, 0x8000_0000), .truncated),
    header("one byte too many", (4, 103), .truncated),
    header("shorter than itself", (4, 39), .badLayout),
    header("no size", (4, 0), .badLayout),
    header("structure in the header", (8, 36), .badLayout),
    header("structure misaligned", (8, 58), .badLayout),
    header("structure after the end", (8, 104), .badLayout),
    header("structure far away", (8, 0xffff_fffc), .badLayout),
    header("strings in the header", (12, 39), .badLayout),
    header("strings in the structure", (12, 98), .badLayout),
    header("strings after the end", (12, 103), .badLayout),
    header("strings far away", (12, 0xffff_ffff), .badLayout),
    header("reservations in the header", (16, 32), .badLayout),
    header("reservations misaligned", (16, 44), .badLayout),
    header("reservations after the end", (16, 104), .badLayout),
    header("a version to come", (24, 18), .badVersion),
    header("compatible with later ones only", (20, 16), .badVersion, (24, 17)),
    header("compatible with none", (24, 18), .badVersion, (20, 18)),
    header("strings too long", (32, 3), .badLayout),
    header("strings of 4 GiB", (32, 0xffff_ffff), .badLayout),
    header("structure too long", (36, 47), .badLayout),
    header("structure of 4 GiB", (36, 0xffff_fffc), .badLayout),
  ]

  /// Words changed in the header; the last one is the one to be complained about.
  private static func header(
    _ name: String, _ first: (offset: Int, word: UInt32), _ code: DeviceTreeError.Code,
    _ second: (offset: Int, word: UInt32)? = nil
  ) -> Damage {
    let blob = `A damaged header`.blob.with(first.word, at: first.offset)
    let last = second ?? first
    return Damage(
      name, blob.with(last.word, at: last.offset),
      DeviceTreeError(code, offset: last.offset, value: UInt64(last.word)))
  }
}
