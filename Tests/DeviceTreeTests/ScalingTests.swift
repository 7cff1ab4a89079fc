// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

/// Four times the nodes may take eight times as long, where a quadratic step would take sixteen.
@Suite struct `A tree of a hundred thousand nodes` {
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
    let (few, many) = (try Times(shape, 25_000), try Times(shape, 100_000))

    #expect(many.making / few.making < 8)
    #expect(many.opening / few.opening < 8)
    #expect(many.root / few.root < 8)
    #expect(many.comparing / few.comparing < 8)
    #expect(many.printing / few.printing < 8)
    #expect(many.paths / few.paths < 8)
    #expect(many.children / few.children < 8)
    #expect(many.excerpt / few.excerpt < 8)
  }

  /// Seconds of processor time for each thing that is done to a whole tree.
  private struct Times {
    let making, opening, root, comparing, printing, paths, children, excerpt: Double

    init(_ shape: Shape, _ nodeCount: Int) throws {
      let root = shape.root(nodeCount: nodeCount)
      let tree = try DeviceTree(root: root)
      let blob = tree.blob
      #expect(try tree.descendants(of: "/").count == nodeCount)

      making = try processorSeconds { _ = try DeviceTree(root: root) }
      opening = try processorSeconds { _ = try DeviceTree(blob: blob) }
      self.root = processorSeconds { #expect(tree.root.children.count == root.children.count) }
      comparing = processorSeconds { #expect(tree.compared(with: tree).isEqual) }
      printing = processorSeconds {
        #expect(tree.sourceText(sorted: true).utf8.count > nodeCount)
      }
      paths = try processorSeconds { _ = try tree.descendants(of: "/") }
      children = try processorSeconds { _ = try tree.children(of: "/") }
      excerpt = try processorSeconds {
        var tree = tree
        try tree.edit(child: "chosen") { try $0.addNode("chosen", to: "/") }
        #expect(tree.contains("/chosen"))
      }
    }
  }
}
