// SPDX-License-Identifier: Apache-2.0

extension UInt8 {
  /// Printable ASCII.
  var isLegalInName: Bool { 0x20 <= self && self < 0x7f }
}

extension Span<UInt8> {
  /// The first byte from `start` on that is not legal in the name of a node, or one of the last
  /// eight before `end`: from there on the caller looks byte by byte.
  ///
  /// A quarter of a tree can be names, and this reads eight bytes of them at a time.
  @inline(__always)
  func endOfLegalBytes(from start: Int, to end: Int) -> Int {
    var offset = start
    while offset <= end - 8 {
      let bytes = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
      let illegal = UInt64(littleEndian: bytes).bytesIllegalInNodeName
      guard illegal == 0 else { return offset + illegal.trailingZeroBitCount / 8 }
      offset += 8
    }
    return offset
  }
}

extension UInt64 {
  /// The top bit of every byte that no name of a node has: not printable ASCII, or `/`.
  ///
  /// Exact up to the first such byte; a carry may tell wrong of those above it.
  fileprivate var bytesIllegalInNodeName: UInt64 {
    let (each, tops): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
    let slashesAreZero = self ^ each &* UInt64(UInt8(ascii: "/"))
    // A byte keeps its borrowed top bit where what is subtracted is no more than its lower bits.
    let atLeastBlank = (self | tops) &- each &* 0x20
    let isNoSlash = (slashesAreZero | tops) &- each
    let atMostTilde = ~(self &+ each) & ~self
    return ~(atLeastBlank & isNoSlash & atMostTilde) & tops
  }
}
