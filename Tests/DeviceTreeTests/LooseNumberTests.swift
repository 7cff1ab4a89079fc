// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Testing

@Suite struct `A number in a value` {
  @Test(arguments: ["<+1>", "<0x+1>", "<0x-0>", "<-0>", "[１２]", "[ＡＢ]", "<１>"])
  func `is made of digits and nothing else`(text: String) {
    #expect(PropertyValue(sourceText: text) == nil)
  }
}
