// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

/// libfdt 1.6.1 follows aliases by recursion, until the stack is full.
@Suite struct `An alias that leads to itself` {
  @Test(arguments: [#"a = "a";"#, #"a = "a/b";"#, #"a = "b"; b = "c"; c = "a";"#])
  func `is an error like any other bad path`(aliases: String) throws {
    var tree = try DeviceTree(root: "aliases { \(aliases) };")

    #expect(!tree.contains("a"))
    #expect(throws: DeviceTreeError(.badPath, node: "a")) { try tree.fullPath(of: "a") }
    #expect(throws: DeviceTreeError(.badPath, node: "a/b")) { try tree.deleteNode("a/b") }
  }
}
