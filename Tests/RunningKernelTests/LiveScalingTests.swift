// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import RunningKernel
import SystemPackage
import TestSupport
import Testing

/// Four times the nodes may take eight times as long, where a quadratic step would take sixteen.
@Suite struct `A live tree of fifty thousand nodes` {
  enum Shape: CaseIterable {
    /// All nodes are children of the root.
    case flat
    /// Every node has ten children.
    case branched
    /// Every second name clashes with the one before it.
    case clashing

    /// Clashes and depth show with fewer.
    var nodeCount: Int { self == .flat ? 50_000 : 12_000 }

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
    let (few, many) = (
      try Times(shape, shape.nodeCount / 4), try Times(shape, shape.nodeCount)
    )

    #expect(many.folder / few.folder < 8)
    #expect(many.archive / few.archive < 8)
  }

  /// Seconds of processor time.
  private struct Times {
    let folder, archive: Double

    init(_ shape: Shape, _ nodeCount: Int) throws {
      let place = try TemporaryFolder()
      // mkdir makes a thousand folders each time that it is started.
      let names = (0..<nodeCount).map(shape.name)
      try run(
        "xargs", ["-n", "1000", "mkdir", "-p"], input: Array(names.joined(separator: "\n").utf8),
        in: place.path)
      try write([1], to: place / "p")
      let archive = try tar(place)
      let path = FilePath(place.path)
      let live = try LiveTree(folder: path)
      #expect(try live.tree.descendants(of: "/").count >= nodeCount)
      #expect(live.restoredNames.count == (shape == .clashing ? nodeCount / 2 : 0))
      #expect(try LiveTree(archive: archive.span, named: "a").tree == live.tree)

      folder = try processorSeconds { _ = try LiveTree(folder: path) }
      self.archive = try processorSeconds { _ = try LiveTree(archive: archive.span, named: "a") }
    }
  }
}
