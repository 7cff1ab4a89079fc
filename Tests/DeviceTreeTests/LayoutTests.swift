// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

/// Blobs with their blocks in any order, rubbish between them and no-op tags everywhere inside.
@Suite struct `The same tree, written differently` {
  static let orders: [[RawBlob.Block]] = [
    [.reservations, .structure, .strings], [.reservations, .strings, .structure],
    [.structure, .reservations, .strings], [.structure, .strings, .reservations],
    [.strings, .reservations, .structure], [.strings, .structure, .reservations],
  ]

  static let sources = ["board", "reserved-memory", "stale-handover"]

  @Test(arguments: orders, sources)
  func `reads the same`(order: [RawBlob.Block], source: String) throws {
    let original = try Fixtures.tree(source)
    let strange = RawBlob(parsing: original.blob).withNOPs.bytes(order: order, gap: 12)

    let tree = try DeviceTree(blob: strange)

    #expect(tree.root == original.root)
    #expect(tree.reservations == original.reservations)
    #expect(try tree.descendants(of: "/") == original.descendants(of: "/"))
    #expect(try tree.children(of: "/") == original.children(of: "/"))
    #expect(try tree.properties(of: "/chosen") == original.properties(of: "/chosen"))
    #expect(tree.compared(with: original).differences == [])
    #expect(tree.compared(with: original).reorderedNodes == [])
    #expect(try Fixtures.sortedSource(tree.blob) == Fixtures.sortedSource(original.blob))
  }

  @Test(arguments: orders)
  func `is edited the same`(order: [RawBlob.Block]) throws {
    var original = try Fixtures.tree("board")
    var tree = try DeviceTree(
      blob: RawBlob(parsing: original.blob).withNOPs.bytes(order: order, gap: 4))

    try original.edit()
    try tree.edit()

    #expect(tree.compared(with: original).differences == [])
    #expect(tree.compared(with: original).reorderedNodes == [])
    #expect(try Fixtures.sortedSource(tree.blob) == Fixtures.sortedSource(original.blob))
  }

  @Test(arguments: orders)
  func `is written in one order`(order: [RawBlob.Block]) throws {
    let blob = try Fixtures.blob("board")
    let raw = RawBlob(parsing: blob)

    let tree = try DeviceTree(blob: raw.bytes(order: order, gap: 20))

    #expect(tree.blob == (try DeviceTree(blob: raw.bytes()).blob))
    #expect((tree.blob.word(at: 16), tree.blob.word(at: 20)) == (40, 17))
  }

  @Test func `keeps its no-op tags`() throws {
    let raw = try RawBlob(parsing: Fixtures.blob("board")).withNOPs

    let tree = try DeviceTree(blob: raw.bytes())

    #expect(RawBlob(parsing: tree.blob).tokens == raw.tokens)
  }

  @Test func `keeps a property without bytes, whatever follows it`() throws {
    let raw = RawBlob(root: [.property("a", []), .nop, .property("b", [0]), .nop])

    let tree = try DeviceTree(blob: raw.bytes())

    #expect(
      try tree.properties(of: "/") == [
        Property("a", .empty), Property("b", PropertyValue(bytes: [0])),
      ])
  }
}

extension DeviceTree {
  /// One edit of each kind.
  fileprivate mutating func edit() throws {
    try addNode("new@1", to: "/soc")
    try setProperty("reg", of: "/soc/new@1", to: .cells([0, 1, 0, 2]))
    try setProperty("bootargs", of: "/chosen", to: .string("quiet"))
    try setProperty("linux,booted-from-kexec", of: "/chosen", to: .empty)
    try deleteProperty("linux,initrd-start", of: "/chosen")
    try deleteNode("/leds")
    try addReservation(AddressAndSize(address: 0x1000, size: 0x2000))
    try deleteReservation(AddressAndSize(address: 0x7ff0_0000, size: 0x8000))
    bootCPU = 5
  }
}
