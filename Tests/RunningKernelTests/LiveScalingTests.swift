// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import RunningKernel
import SystemPackage
import TestSupport
import Testing

@Suite struct `A live tree of thousands of nodes` {
  enum Shape: CaseIterable {
    /// All nodes are children of the root.
    case flat
    /// Every node has ten children.
    case branched
    /// Every second name clashes with the one before it.
    case clashing

    var nodeCount: Int { 4_000 }

    func name(_ number: Int) -> String {
      switch self {
      case .flat: "node@" + String(number, radix: 16)
      case .branched: String(String(number).map { "\($0)/" }.joined().dropLast())
      case .clashing: number.isMultiple(of: 2) ? "node@\(number)" : "node@\(number - 1)#1"
      }
    }
  }

  @Test(arguments: Shape.allCases)
  func `is put together in linear time`(shape: Shape) throws {
    let few = try Tree(shape, shape.nodeCount / 4)
    let many = try Tree(shape, shape.nodeCount)

    #expect(try Growth(from: few.readFolder, to: many.readFolder).isLinear)
    #expect(try Growth(from: few.readArchive, to: many.readArchive).isLinear)
  }

  /// The same tree in a folder and in an archive.
  private struct Tree {
    let place: TemporaryFolder
    let archive: [UInt8]

    init(_ shape: Shape, _ nodeCount: Int) throws {
      place = try TemporaryFolder()
      // mkdir makes a thousand folders each time that it is started.
      let names = (0..<nodeCount).map(shape.name)
      try run(
        "xargs", ["-n", "1000", "mkdir", "-p"], input: Array(names.joined(separator: "\n").utf8),
        in: place.path)
      try write([1], to: place / "p")
      archive = try tar(place)
      let live = try LiveTree(folder: FilePath(place.path))
      #expect(try live.tree.descendants(of: "/").count >= nodeCount)
      #expect(live.restoredNames.count == (shape == .clashing ? nodeCount / 2 : 0))
      #expect(try LiveTree(archive: archive.span, named: "a").tree == live.tree)
    }

    func readFolder() throws { _ = try LiveTree(folder: FilePath(place.path)) }

    func readArchive() throws { _ = try LiveTree(archive: archive.span, named: "a") }
  }
}
