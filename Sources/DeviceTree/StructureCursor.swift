// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// Walks the structure block of a blob, token by token: Devicetree Specification v0.4, section 5.4.
///
/// Every step is checked, and an error has the offset, which libfdt's `fdt_check_full` does not report.
/// Offsets are bytes from the start of the blob. `NameCheck` checks the names of properties, which are in
/// another block.
struct StructureCursor {
  /// One token; `FDT_NOP` tags are skipped.
  enum Token {
    /// A node begins; `name` has no NUL.
    case beginNode(name: Range<Int>)
    /// A property of the innermost open node; its name begins at `name` in the strings block.
    case property(name: Int, value: Range<Int>)
    /// The innermost open node ends.
    case endNode
    /// The tree ends.
    case end
  }

  /// Levels of nodes, the root's included. `FDT_MAX_DEPTH` is 64, and Linux skips nodes at depth
  /// 63 and below, counting the root as 0 (`drivers/of/fdt.c:unflatten_dt_nodes`).
  static let levelLimit = 63

  /// The end of the last token.
  private(set) var offset: Int
  /// The start of the last token.
  private(set) var tokenOffset: Int
  /// The number of open nodes; 1 inside the root.
  private(set) var level: Int
  private let blockEnd: Int
  let strings: Range<Int>
  private var hasEndedRoot = false
  private var isAfterSubnode = false

  /// Starts at the root or, in a checked blob, at `offset`, inside `level` open nodes.
  init(_ header: BlobHeader, at offset: Int? = nil, level: Int = 0) {
    self.offset = offset ?? header.structure.lowerBound
    tokenOffset = self.offset
    self.level = level
    blockEnd = header.structure.upperBound
    strings = header.strings
  }

  @inline(__always)
  mutating func next(in blob: Span<UInt8>) throws(DeviceTreeError) -> Token {
    while true {
      tokenOffset = offset
      let tag: UInt32 = try number(in: blob)
      switch StructureTag(rawValue: tag) {
      case .property: return try property(in: blob)
      case .beginNode: return try beginNode(in: blob)
      case .endNode: return try endNode()
      case .nop where !hasEndedRoot: continue
      case .end where hasEndedRoot: return .end
      case .nop, .end: throw error(.badStructure)
      case nil: throw error(.badTag, tag)
      }
    }
  }

  @inline(__always)
  private mutating func beginNode(in blob: Span<UInt8>) throws(DeviceTreeError) -> Token {
    guard !hasEndedRoot else { throw error(.badStructure) }
    level += 1
    guard level <= Self.levelLimit else { throw error(.tooDeep) }
    let name = try nodeName(in: blob)
    // libfdt:fdt_check_full requires the root to have no name, and all other nodes to have one.
    guard level > 1 || name.isEmpty else { throw error(.badStructure) }
    guard level == 1 || !name.isEmpty else { throw error(.badName) }
    try advance(to: name.upperBound + 1)
    isAfterSubnode = false
    return .beginNode(name: name)
  }

  @inline(__always)
  private mutating func endNode() throws(DeviceTreeError) -> Token {
    guard level > 0 else { throw error(.badStructure) }
    level -= 1
    hasEndedRoot = level == 0
    isAfterSubnode = true
    return .endNode
  }

  @inline(__always)
  private mutating func property(in blob: Span<UInt8>) throws(DeviceTreeError) -> Token {
    guard level > 0 else { throw error(.badStructure) }
    guard !isAfterSubnode else { throw error(.lateProperty) }
    // The two words after the tag are read as one: a check spends most of its time here.
    let sizeAndName: UInt64 = try number(in: blob)
    let size = Int(sizeAndName >> 32)
    let name = Int(sizeAndName & 0xffff_ffff)
    guard name < strings.count else { throw error(.badStructure, UInt32(name)) }
    guard size <= blockEnd - offset else { throw error(.truncated, UInt32(size)) }
    let value = offset..<offset &+ size
    try advance(to: value.upperBound)
    return .property(name: name, value: value)
  }

  /// The bytes up to the next NUL.
  @inline(__always)
  private func nodeName(in blob: Span<UInt8>) throws(DeviceTreeError) -> Range<Int> {
    var end = blob.endOfLegalBytes(from: offset, to: blockEnd)
    while end < blockEnd {
      let byte = blob[end]
      if byte == 0 { return offset..<end }
      guard byte.isLegalInName, byte != UInt8(ascii: "/") else {
        throw error(.badName, UInt32(byte))
      }
      end += 1
    }
    throw error(.truncated)
  }

  /// Reads a big-endian number.
  @inline(__always)
  private mutating func number<Number: FixedWidthInteger & BitwiseCopyable>(
    in blob: Span<UInt8>
  ) throws(DeviceTreeError) -> Number {
    let size = Number.bitWidth / 8
    guard offset <= blockEnd - size else { throw error(.truncated) }
    let number = unsafe blob.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self)
    offset += size
    return Number(bigEndian: number)
  }

  /// Moves to the next multiple of four, which must be in the block.
  @inline(__always)
  private mutating func advance(to end: Int) throws(DeviceTreeError) {
    // Offsets in a block are far from overflow, and every step waits for this sum.
    let aligned = (end &+ 3) & ~3
    guard aligned <= blockEnd else { throw error(.truncated) }
    offset = aligned
  }

  private func error(_ code: DeviceTreeError.Code, _ value: UInt32? = nil) -> DeviceTreeError {
    DeviceTreeError(code, offset: tokenOffset, value: value.map(UInt64.init))
  }
}

/// A tag of the structure block: Devicetree Specification v0.4, section 5.4.1.
enum StructureTag: UInt32 {
  case beginNode = 1
  case endNode = 2
  case property = 3
  /// Padding, in the place of a deleted token.
  case nop = 4
  case end = 9
}

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
  @inline(__always)
  mutating func check(
    nameAt name: Int, of property: Int, in blob: Span<UInt8>
  ) throws(DeviceTreeError) {
    guard !isChecked[name] else { return }
    isChecked[name] = true
    try checkFirst(nameAt: name, of: property, in: blob)
  }

  private func checkFirst(
    nameAt name: Int, of property: Int, in blob: Span<UInt8>
  ) throws(DeviceTreeError) {
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
