// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `A tree of fifty thousand nodes` {
  enum Shape: CaseIterable {
    /// All nodes are children of the root.
    case flat
    /// Every node has ten children.
    case branched

    func root(nodeCount: Int) -> Node {
      let nodes = (0..<nodeCount).map { number in
        Node("node@\(number)", properties: [Property("reg", .u32(UInt32(number)))])
      }
      guard self == .branched else { return Node("", children: nodes) }
      var children: [Int: [Node]] = [:]
      for number in nodes.indices.reversed() {
        var node = nodes[number]
        node.children = (children.removeValue(forKey: number) ?? []).reversed()
        children[(number + 9) / 10 - 1, default: []].append(node)
      }
      return Node("", children: nodes.prefix(1) + (children[-1] ?? []).flatMap(\.children))
    }
  }

  @Test(arguments: Shape.allCases)
  func `is made, read, compared and printed in linear time`(shape: Shape) throws {
    let (few, many) = (try Tree(shape, 6_000), try Tree(shape, 24_000))

    #expect(try Growth(from: few.make, to: many.make).isLinear)
    #expect(try Growth(from: few.open, to: many.open).isLinear)
    #expect(Growth(from: few.readRoot, to: many.readRoot).isLinear)
    #expect(Growth(from: few.compare, to: many.compare).isLinear)
    #expect(Growth(from: few.print, to: many.print).isLinear)
    #expect(try Growth(from: few.listPaths, to: many.listPaths).isLinear)
    #expect(try Growth(from: few.listChildren, to: many.listChildren).isLinear)
    #expect(try Growth(from: few.editExcerpt, to: many.editExcerpt).isLinear)
  }

  /// A tree, and each thing that is done to a whole tree.
  private struct Tree {
    let root: Node
    let tree: DeviceTree
    let blob: [UInt8]

    init(_ shape: Shape, _ nodeCount: Int) throws {
      root = shape.root(nodeCount: nodeCount)
      tree = try DeviceTree(root: root)
      blob = tree.blob
      #expect(try tree.descendants(of: "/").count == nodeCount)
    }

    func make() throws { _ = try DeviceTree(root: root) }

    func open() throws { _ = try DeviceTree(blob: blob) }

    func readRoot() { #expect(tree.root.children.count == root.children.count) }

    func compare() { #expect(tree.compared(with: tree).isEqual) }

    func print() { #expect(tree.sourceText(sorted: true).utf8.count > 10_000) }

    func listPaths() throws { _ = try tree.descendants(of: "/") }

    func listChildren() throws { _ = try tree.children(of: "/") }

    func editExcerpt() throws {
      var tree = tree
      try tree.edit(child: "chosen") { try $0.addNode("chosen", to: "/") }
      #expect(tree.contains("/chosen"))
    }
  }
}
