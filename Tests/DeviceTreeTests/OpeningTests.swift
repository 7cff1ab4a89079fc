// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `Opening a blob` {
  @Test func `starts, without one, from a root and nothing else`() throws {
    let tree = DeviceTree()

    #expect(try Fixtures.sortedSource(tree.blob) == "/dts-v1/;\n\n/ {\n};\n")
    #expect(tree.root == Node(""))
    #expect((tree.sourceSize, tree.trailingByteCount) == (0, 0))
    #expect(tree.sourceVersion == 17)
  }

  @Test(arguments: Fixtures.sources)
  func `keeps every byte that dtc wrote`(source: String) throws {
    let blob = try Fixtures.blob(source)

    let tree = try DeviceTree(blob: blob)

    #expect(tree.blob == blob)
    #expect(tree.sourceSize == blob.count)
    #expect(tree.sourceVersion == 17)
  }

  @Test(arguments: try Fixtures.boards())
  func `keeps every byte of a board's tree`(board: String) throws {
    let blob = try contents(of: board)

    #expect(try DeviceTree(blob: blob).blob == blob)
  }

  @Test(arguments: Fixtures.sources)
  func `reads version 16 and writes 17`(source: String) throws {
    let old = try Fixtures.compile(Fixtures.text(source), "-V", "16")

    let tree = try DeviceTree(blob: old)

    #expect(old.word(at: 20) == 16)
    #expect(tree.sourceVersion == 16)
    #expect(tree.blob == (try Fixtures.blob(source)))
  }

  @Test(arguments: [0, 1, 4096])
  func `counts the bytes after it and leaves them out`(byteCount: Int) throws {
    let blob = try Fixtures.blob("board")

    let tree = try DeviceTree(blob: blob + Array(repeating: 0xd0, count: byteCount))

    #expect(tree.trailingByteCount == byteCount)
    #expect(tree.sourceSize == blob.count)
    #expect(tree.blob == blob)
  }

  @Test func `drops the free space that QEMU leaves`() throws {
    let file = try Fixtures.tree(ofMachine: "arm64-virt-6.12-kf")

    let tree = try DeviceTree(blob: file)

    #expect(file.count == 1 << 20)
    #expect(tree.sourceSize == 1 << 20)
    #expect(tree.trailingByteCount == 0)
    #expect(tree.blob.count < 16 << 10)
    #expect(try Fixtures.sortedSource(tree.blob) == Fixtures.sortedSource(file))
  }

  @Test(arguments: 1...7)
  func `does not mind where in memory it lies`(shift: Int) throws {
    let blob = try Fixtures.blob("board")
    let shifted = Array(repeating: 0, count: shift) + blob

    let tree = try DeviceTree(blob: shifted.span.extracting(shift..<shifted.count))

    #expect(tree.blob == blob)
  }
}
