// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

/// A tree that grows too deep must not become one that `root` traps on.
@Suite struct `A tree of 63 levels` {
  static let deepest = String(repeating: "/n", count: 62)

  @Test func `takes no node below the last one`() throws {
    var tree = DeviceTree()
    for level in 0..<62 {
      try tree.addNode("n", to: level == 0 ? "/" : String(repeating: "/n", count: level))
    }
    let blob = tree.blob

    #expect(throws: DeviceTreeError(.tooDeep, node: `A tree of 63 levels`.deepest + "/n")) {
      try tree.addNode("n", to: `A tree of 63 levels`.deepest)
    }

    #expect(tree.blob == blob)
    #expect(try DeviceTree(blob: tree.blob).root == tree.root)
  }

  @Test func `takes no overlay that goes below the last one`() throws {
    let nested = (0..<61).reduce(Node("n")) { inner, _ in Node("n", children: [inner]) }
    var tree = try DeviceTree(root: Node("", children: [nested]))
    let blob = tree.blob
    let overlay = try DeviceTree(
      compiling: """
        /dts-v1/; / { fragment@0 {
          target-path = "\(`A tree of 63 levels`.deepest)"; __overlay__ { n { }; };
        }; };
        """)

    let error = #expect(throws: DeviceTreeError.self) { try tree.apply(overlay: overlay) }

    #expect(error?.code == .tooDeep)
    #expect(tree.blob == blob)
    #expect(try DeviceTree(blob: tree.blob).root == tree.root)
  }
}
