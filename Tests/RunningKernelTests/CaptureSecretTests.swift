// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Foundation
import RunningKernel
import SystemPackage
import TestSupport
import Testing

/// Bytes that a search can find.
private let planted = Array("pLaNtEdSeCrEt!!!".utf8)

private func capture(_ folder: TemporaryFolder) throws -> Capture {
  try RunningKernel(root: FilePath(folder.path)).capture(version: "1.2.3")
}

private func machine(flat: [UInt8]) throws -> TemporaryFolder {
  try machineFolder(["sys/firmware/fdt": flat])
}

private func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
  Data(bytes).range(of: Data(part)) != nil
}

@Suite struct `Secrets` {
  private let names = ["kaslr-seed", "rng-seed", "ibm,plpks-pw", "security-password"]

  /// A tree with all of them, in two nodes.
  private func tree() throws -> DeviceTree {
    var tree = DeviceTree()
    for node in ["chosen", "secure-chosen"] {
      try tree.addNode(node, to: "/")
      for name in names {
        try tree.setProperty(name, of: "/" + node, to: PropertyValue(bytes: planted + [1]))
      }
      try tree.setProperty("bootargs", of: "/" + node, to: .string("quiet"))
    }
    return tree
  }

  @Test func `of a blob are zeros, and nothing else is changed`() throws {
    let blob = try tree().blob

    let saved = try capture(machine(flat: blob))

    let copy = try #require(saved.entries.first { $0.path == "sys/firmware/fdt" }?.bytes)
    #expect(copy.count == blob.count)
    #expect(!contains(saved.archive, planted))
    #expect(zip(copy, blob).filter { $0 != $1 }.allSatisfy { copy, _ in copy == 0 })
    // fdtget is not ours.
    let place = try TemporaryFolder()
    try write(copy, to: place / "copy.dtb")
    for node in ["/chosen", "/secure-chosen"] {
      for name in names {
        let value = try run("fdtget", ["-t", "bx", place / "copy.dtb", node, name]).text
        #expect(value == Array(repeating: "0", count: 17).joined(separator: " ") + "\n")
      }
      #expect(try run("fdtget", [place / "copy.dtb", node, "bootargs"]).text == "quiet\n")
    }
  }

  @Test func `are listed by their places and sizes`() throws {
    let saved = try capture(machine(flat: tree().blob))

    #expect(saved.secrets.count == 8)
    #expect(
      Set(saved.secrets.map(\.path)).isSuperset(of: [
        "sys/firmware/fdt:/chosen:kaslr-seed", "sys/firmware/fdt:/secure-chosen:ibm,plpks-pw",
      ]))
    #expect(Set(saved.secrets.map(\.byteCount)) == [17])
  }

  /// An edit moves what follows, and may leave a copy after the block; firmware may put anything between
  /// the blocks.
  @Test func `that an edit left outside of the blocks are zeros`() throws {
    let packed = try tree().blob
    var file = packed + planted + [UInt8](repeating: 0x55, count: 100)
    for (place, shift) in zip(4..<8, [24, 16, 8, 0]) {
      file[place] = UInt8((packed.count + planted.count) >> shift & 0xff)
    }

    let saved = try capture(machine(flat: file))

    let copy = try #require(saved.entries.first { $0.path == "sys/firmware/fdt" }?.bytes)
    #expect(copy.count == file.count)
    #expect(copy[packed.count...].allSatisfy { $0 == 0 })
    #expect(!contains(saved.archive, planted))
  }

  @Test(arguments: 0..<40)
  func `are safe in a blob whose header is damaged`(place: Int) throws {
    for bit in [0, 3, 7] {
      var blob = try tree().blob
      blob[place] ^= 1 << bit

      let saved = try capture(machine(flat: blob))

      #expect(!contains(saved.archive, planted))
      #expect(
        saved.entries.contains { $0.path == "sys/firmware/fdt" }
          != saved.unread.contains { $0.path == "sys/firmware/fdt" })
    }
  }

  /// A reader that takes a secret for a tag may not say which one it found.
  @Test(arguments: [4, 8, 12])
  func `are safe in a blob whose property is shorter than it was`(size: UInt8) throws {
    var blob = try tree().blob
    let place = try #require(Data(blob).range(of: Data(planted))?.lowerBound)
    blob[place - 5] = size
    let found = planted[Int(size)..<Int(size) + 4].map { String($0, radix: 16) }.joined()

    let saved = try capture(machine(flat: blob))

    let opening = #expect(throws: DeviceTreeError.self) { try DeviceTree(blob: blob) }
    #expect("\(try #require(opening))".contains(found))
    #expect(saved.unread.map(\.path) == ["sys/firmware/fdt"])
    #expect(saved.unread.first?.reason.contains("offset") == true)
    #expect(!contains(saved.archive, Array(found.utf8)))
  }

  @Test func `are safe in a blob that was cut short`() throws {
    let blob = try tree().blob
    for size in stride(from: 0, to: blob.count, by: 7) {
      let saved = try capture(machine(flat: Array(blob.prefix(size))))

      #expect(!contains(saved.archive, planted))
      #expect(saved.unread.map(\.path) == ["sys/firmware/fdt"])
    }
  }

  @Test func `of a live tree are zeros, under the names that files may have`() throws {
    let folder = try machineFolder([:])
    try run(
      "mkdir", ["-p", folder / "proc/device-tree/chosen", folder / "proc/device-tree/options"])
    let places = [
      "chosen/kaslr-seed", "chosen/rng-seed", "chosen/kaslr-seed#1", "chosen/ibm,plpks-pw#16",
      "options/security-password",
    ]
    for place in places { try write(planted, to: folder / "proc/device-tree/" + place) }
    try write(Array("0\0".utf8), to: folder / "proc/device-tree/options/security-mode")

    let saved = try capture(folder)

    #expect(saved.secrets.map(\.path).sorted() == places.map { "proc/device-tree/" + $0 }.sorted())
    #expect(!contains(saved.archive, planted))
    for place in places {
      let entry = saved.entries.first { $0.path == "proc/device-tree/" + place }
      #expect(entry?.bytes == [UInt8](repeating: 0, count: planted.count))
    }
    #expect(saved.entries.contains { $0.path.hasSuffix("security-mode") && $0.bytes == [0x30, 0] })
  }

  @Test func `of an archive of a live tree are zeros`() throws {
    let tree = try TemporaryFolder()
    try write(planted, to: tree / "kaslr-seed")
    let folder = try machineFolder([:])
    try write(tar(tree), to: folder / "proc-device-tree.tar")

    let saved = try capture(folder)

    #expect(!contains(saved.archive, planted))
    #expect(saved.secrets.map(\.path) == ["proc/device-tree/kaslr-seed"])
  }

  /// The process that reads /proc/kcore is described in it, with keys.
  @Test func `of the reading process are zeros`() throws {
    let path = try Fixtures.machine("arm64-virt-6.12") + "/proc/kcore"
    // What readelf tells: the notes, and where they are; nothing behind them is taken.
    let core = try contents(of: path).prefix(0x190 + 0x222c)
    let folder = try machineFolder(["proc/kcore": core + [UInt8](repeating: 7, count: 1 << 20)])

    let saved = try capture(folder)

    let copy = try #require(saved.entries.first { $0.path == "proc/kcore" }?.bytes)
    let place = try TemporaryFolder()
    try write(copy, to: place / "kcore")
    let (before, after) = (
      try run("readelf", ["-nhlW", path]), try run("readelf", ["-nhlW", place / "kcore"])
    )
    #expect(before.text == after.text && before.text.contains("NT_TASKSTRUCT"))
    #expect(copy.count == core.count)
    #expect(saved.secrets.map(\.path) == ["proc/kcore:NT_TASKSTRUCT"])
    // Behind two notes, of 0x188 and 0x88 bytes, and three heads of 20.
    let start = 0x190 + 0x188 + 0x88 + 3 * 20
    #expect(copy[start..<start + 0x1280].allSatisfy { $0 == 0 })
    #expect(copy[..<start] == core[..<start])
    #expect(copy[(start + 0x1280)...] == core[(start + 0x1280)...])
  }
}
