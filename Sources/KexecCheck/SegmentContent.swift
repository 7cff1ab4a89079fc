// SPDX-License-Identifier: Apache-2.0

import KexecFacts
import KexecRules

/// A file of a plan, as far as a check looks into it: of kernel, initrd and extras, at their first bytes.
public struct SegmentContent: Hashable, Sendable {
  /// Bytes in the file.
  public let size: Int
  /// Its first bytes: at most ``checkedSize(of:)``.
  public let start: [UInt8]

  /// A file whose first bytes were read.
  public init(start: [UInt8], size: Int) {
    self.start = start
    self.size = size
  }

  /// A file that was read whole.
  public init(_ bytes: [UInt8]) {
    self.init(start: bytes, size: bytes.count)
  }

  /// How many bytes of a segment's file are looked at.
  ///
  /// - Parameter name: the segment's.
  public static func checkedSize(of name: String) -> Int {
    switch name {
    case SegmentKind.tree.name, SegmentKind.imaBuffer.name: 64 << 20
    case SegmentKind.coreHeader.name: 4 << 20
    default: 64 << 10
    }
  }
}
