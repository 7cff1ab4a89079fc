// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `A tree damaged at random` {
  /// Small trees are damaged more often: 2,000 cases in all.
  static let cases: [(board: String, count: Int)] = {
    let boards = (try? Fixtures.boards()) ?? []
    return boards.map { board in
      let size = (try? contents(of: board).count) ?? 0
      return (board, size < 16 << 10 ? 104 : 36)
    }
  }()

  @Test func `is tried two thousand times`() {
    #expect(Self.cases.map(\.count).reduce(0, +) >= 2_000)
    #expect(Self.cases.count == 37)
  }

  @Test(arguments: cases)
  func `is refused, or can be used like any other`(board: String, count: Int) throws {
    let blob = try contents(of: board)
    var random = SplitMix64(seed: UInt64(blob.count))
    var (refused, opened) = (0, 0)

    for number in 0..<count {
      let damaged = blob.damaged(&random)
      let tree: DeviceTree
      do throws(DeviceTreeError) {
        tree = try DeviceTree(blob: damaged)
      } catch {
        refused += 1
        #expect(!error.description.contains("\n"))
        // libfdt has nothing to add to our own checks.
        #expect(throws: error) { try DeviceTree(ownBlob: damaged.span) }
        continue
      }
      opened += 1
      try use(tree, number, &random)
    }

    #expect(refused > 0)
    #expect(opened > 0)
  }

  /// Reads the tree in one of three ways, edits it, and opens what is written.
  private func use(
    _ tree: DeviceTree, _ number: Int, _ random: inout SplitMix64
  ) throws {
    switch number % 3 {
    case 0: #expect(tree.root.name.isEmpty)
    case 1: #expect(tree.sourceText().hasPrefix("/dts-v1/;\n"))
    default: #expect(tree.compared(with: tree, phandles: .byTarget).differences == [])
    }
    let nodes = try tree.descendants(of: "/")
    var edited = tree
    try edited.setProperty("bootargs", of: nodes.randomElement(using: &random) ?? "/", to: .u64(1))
    try edited.addReservation(AddressAndSize(address: 0x1000, size: 1))
    #expect(try DeviceTree(blob: edited.blob).descendants(of: "/") == nodes)
    #expect(try DeviceTree(blob: tree.blob).blob == tree.blob)
  }
}

extension Array<UInt8> {
  /// The bytes with one to eight of them changed, cut short, or with two stretches swapped.
  fileprivate func damaged(_ random: inout SplitMix64) -> [UInt8] {
    var copy = self
    switch Int.random(in: 0..<10, using: &random) {
    case 0:
      copy.removeLast(Int.random(in: 1...count, using: &random))
    case 1:
      let size = Int.random(in: 1...count / 4, using: &random)
      let first = Int.random(in: 0...count / 2 - size, using: &random)
      let second = Int.random(in: count / 2...count - size, using: &random)
      for index in 0..<size { copy.swapAt(first + index, second + index) }
    case 2, 3:
      // A word that could be a tag, where there could be one.
      let offset = Int.random(in: 0..<count / 4, using: &random) * 4
      copy = copy.with([1, 2, 3, 4, 9].randomElement(using: &random) ?? 0, at: offset)
    default:
      // Half of them in the header and what follows it closely.
      let end = Bool.random(using: &random) ? count : Swift.min(count, 256)
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        copy[Int.random(in: 0..<end, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
    }
    return copy
  }
}
