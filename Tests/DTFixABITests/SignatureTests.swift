// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct `The functions of dtfix.h` {
  @Test(arguments: Signatures.declared.keys.sorted())
  func `have bodies of the very same type`(name: String) {
    let declared = Signatures.declared[name].map { String(reflecting: $0) }
    let defined = Signatures.defined[name].map { String(reflecting: $0) }

    #expect(declared == defined)
  }

  @Test func `are all here, in libdtfix.map and in the header`() throws {
    let header = try Self.text("include/dtfix.h").replacing(/(?s)\/\*.*?\*\//, with: "")
    let map = try Self.text("libdtfix.map")

    let inHeader = header.matches(of: /\b(dtfix_\w+)\(/).map { String($0.1) }.sorted()
    let inMap = map.matches(of: /(?m)^ +(dtfix_\w+);$/).map { String($0.1) }.sorted()

    #expect(inHeader == inMap)
    #expect(inHeader == Signatures.declared.keys.sorted())
    #expect(inHeader == Signatures.defined.keys.sorted())
  }

  private static func text(_ name: String) throws -> String {
    try String(contentsOfFile: "\(Fixtures.package)/Sources/CDTFix/\(name)", encoding: .utf8)
  }
}
