// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Testing

/// What only libfdt's `fdt_check_full` refuses, which cannot say where.
@Suite struct `Damage that libfdt finds` {
  static let namedRoot = Damage.tokens(
    "a root with a name", [.beginNode("root"), .endNode, .end], .badStructure, 56)
  static let noOp = Damage.tokens(
    "a no-op tag after the root", [.beginNode(""), .endNode, .nop, .end], .badStructure, 68)

  @Test(arguments: [namedRoot, noOp])
  func `is refused where it is wrong`(damage: Damage) {
    #expect(throws: damage.error) { try DeviceTree(blob: damage.blob) }
    #expect(throws: damage.error) { try DeviceTree(ownBlob: damage.blob.span) }
  }
}
