// SPDX-License-Identifier: Apache-2.0

/// Checks the names of properties, each once: trees have few different names.
struct NameCheck {
  private let strings: Range<Int>
  private var isChecked: [Bool]

  init(_ header: BlobHeader) {
    strings = header.strings
    isChecked = Array(repeating: false, count: header.strings.count)
  }

  /// Checks the name that begins at `name` in the strings block and must end there, with a NUL.
  ///
  /// Errors have the offset of `property`, the first one of this name.
  mutating func check(
    nameAt name: Int, of property: Int, in blob: Span<UInt8>
  ) throws(DeviceTreeError) {
    guard !isChecked[name] else { return }
    isChecked[name] = true
    let offset = strings.lowerBound + name
    var end = blob.endOfLegalBytes(
      from: offset, to: min(offset + String.longestName, strings.upperBound))
    while end < strings.upperBound, end - offset <= String.longestName, blob[end] != 0 {
      guard blob[end].isLegalInName else {
        throw DeviceTreeError(.badName, offset: property, value: UInt64(blob[end]))
      }
      end += 1
    }
    // Many long names may share their bytes; the limit keeps the check linear.
    guard end - offset <= String.longestName else {
      throw DeviceTreeError(.badName, offset: property)
    }
    guard end < strings.upperBound else { throw DeviceTreeError(.truncated, offset: property) }
    guard end > offset else { throw DeviceTreeError(.badName, offset: property) }
  }
}

extension UInt8 {
  /// Printable ASCII.
  var isLegalInName: Bool { 0x20 <= self && self < 0x7f }
}

extension Span<UInt8> {
  /// The offset of the first byte from `start` on that is illegal in the name of a node, or of one of the
  /// last eight before `end`, from which on the caller checks byte by byte.
  ///
  /// A quarter of a tree can be names, so this reads eight bytes at a time.
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
  /// The top bit of every byte that is illegal in the name of a node: not printable ASCII, or `/`.
  ///
  /// Exact up to the first such byte; a carry may spoil those above it.
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
