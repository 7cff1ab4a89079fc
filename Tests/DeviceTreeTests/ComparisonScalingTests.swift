// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `Comparing trees that were made to take long` {
  enum Shape: CaseIterable {
    /// Many references to a node that says last how long they are.
    case references
    /// Many copies of a property that is read with the counts of its node, which come last.
    case maps
    /// Many copies of a property that the other tree has once.
    case copies
    /// Many nodes with phandles, in folders of long names.
    case paths

    func root(size: Int) -> Node {
      let count = Property("#clock-cells", .u32(0))
      let copies = (0..<size).map { _ in Property("interrupt-map", .empty) }
      switch self {
      case .references:
        let others = (0..<size).map { Property("p\($0)", .empty) }
        let target = Node("a", properties: others + [count, Property("phandle", .u32(1))])
        let clocks = PropertyValue.cells(Array(repeating: 1, count: size))
        return Node("", children: [target, Node("b", properties: [Property("clocks", clocks)])])
      case .maps:
        let counts = [Property("#interrupt-cells", .u32(1)), Property("#address-cells", .u32(1))]
        return Node("", properties: copies + counts)
      case .copies:
        return Node("", properties: copies)
      case .paths:
        let children = (1...size).map {
          Node("n\($0)", properties: [Property("phandle", .u32(UInt32($0)))])
        }
        let name = String(repeating: "n", count: 255)
        let folders = (0..<60).reduce(children) { inner, _ in [Node(name, children: inner)] }
        return Node("", children: folders)
      }
    }
  }

  @Test(arguments: Shape.allCases)
  func `takes time linear in their size`(shape: Shape) throws {
    let few = try DeviceTree(root: shape.root(size: 4_000))
    let many = try DeviceTree(root: shape.root(size: 16_000))

    #expect(try Growth(from: { try compare(few) }, to: { try compare(many) }).isLinear)
  }

  private func compare(_ tree: DeviceTree) throws {
    let one = try DeviceTree(root: Node("", properties: [Property("interrupt-map", .empty)]))
    #expect(tree.compared(with: tree, phandles: .byTarget).isEqual)
    #expect(!one.compared(with: tree, phandles: .byTarget).isEqual)
  }
}
