// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import TestSupport
import Testing

/// A strings block that is one long name, and properties whose names begin everywhere in it: 28 bytes
/// of file for each name of thousands. A tree of 2 MiB would take minutes to open and 60 GB to read.
@Suite struct `Names that share their bytes` {
  @Test func `take linear time to open and read, or are refused`() {
    let (few, many) = (Self.blob(nameCount: 500), Self.blob(nameCount: 2000))

    #expect(many.count < 4 * few.count)
    #expect(Growth(from: { Self.openAndRead(few) }, to: { Self.openAndRead(many) }).isLinear)
  }

  private static func openAndRead(_ blob: [UInt8]) {
    guard let tree = try? DeviceTree(blob: blob) else { return }
    #expect(tree.root.properties.count > 500)
  }

  private static func blob(nameCount: Int) -> [UInt8] {
    let properties = (0..<nameCount).map { number in
      var token: [UInt8] = []
      for word in [3, 0, UInt32(number * 16)] as [UInt32] { token.append(bigEndian: word) }
      return RawBlob.Token.bytes(token)
    }
    let name = String(repeating: "a", count: nameCount * 16)
    return RawBlob(root: [.property(name, [])] + properties).bytes()
  }
}
