// SPDX-License-Identifier: Apache-2.0

import KexecFacts
import Testing

@Suite struct `The node chosen` {
  @Test(arguments: [
    ("/chosen", true), ("/chosen@0", true), ("/chosen@0/framebuffer", false),
    ("/chosen/framebuffer", false), ("/chosen2", false), ("/soc/chosen", false),
  ])
  func `is known by its full path`(path: String, isNode: Bool) {
    #expect(ChosenProperty.isNode(path) == isNode)
  }
}
