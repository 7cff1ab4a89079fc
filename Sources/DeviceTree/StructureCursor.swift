// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// Walks the structure block of a blob, token by token: Devicetree Specification v0.4, section 5.4.
///
/// Every step is checked, and an error says the offset: libfdt's `fdt_check_full` knows only that
/// something is wrong somewhere. Offsets are bytes from the start of the blob. The names of
/// properties lie in another block and are left to ``NameCheck``.
struct StructureCursor {
  /// One token; tags that carry nothing (`FDT_NOP`) are passed over.
  enum Token {
    /// A node begins; `name` has no NUL.
    case beginNode(name: Range<Int>)
    /// A property of the node that began last; its name begins at `name` in the strings block.
    case property(name: Int, value: Range<Int>)
    /// The innermost open node ends.
    case endNode
    /// The tree ends.
    case end
  }

  /// Levels of nodes, the root's included. `FDT_MAX_DEPTH` is 64, and Linux skips nodes at depth
  /// 63 and below, counting the root as 0 (`drivers/of/fdt.c:unflatten_dt_nodes`).
  static let levelLimit = 63

  /// Where the next token is searched.
  private(set) var offset: Int
  /// Where the token that `next` returned last begins.
  private(set) var tokenOffset: Int
  /// Open nodes; 1 inside the root.
  private(set) var level: Int
  private let blockEnd: Int
  /// The strings block.
  let strings: Range<Int>
  private var hasEndedRoot = false
  private var isAfterSubnode = false

  /// Starts at the root or, in a blob that was checked, at `offset`, inside `level` open nodes.
  init(_ header: BlobHeader, at offset: Int? = nil, level: Int = 0) {
    self.offset = offset ?? header.structOffset
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
      case .nop where hasEndedRoot: throw error(.badStructure)
      case .nop: continue
      case .end: return try end()
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
    // libfdt:fdt_check_full wants the root without a name, and all others with one.
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
    // The two words behind the tag, read as one: this is where a check spends its time.
    let sizeAndName: UInt64 = try number(in: blob)
    let size = Int(sizeAndName >> 32)
    let name = Int(sizeAndName & 0xffff_ffff)
    guard name < strings.count else { throw error(.badStructure, UInt32(name)) }
    guard size <= blockEnd - offset else { throw error(.truncated, UInt32(size)) }
    let value = offset..<offset &+ size
    try advance(to: value.upperBound)
    return .property(name: name, value: value)
  }

  private func end() throws(DeviceTreeError) -> Token {
    guard hasEndedRoot else { throw error(.badStructure) }
    return .end
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

  /// Reads a big-endian number and moves behind it.
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
    // What is in the block is far from overflow, and every step waits for this sum.
    let aligned = (end &+ 3) & ~3
    guard aligned <= blockEnd else { throw error(.truncated) }
    offset = aligned
  }

  private func error(_ code: DeviceTreeError.Code, _ value: UInt32? = nil) -> DeviceTreeError {
    DeviceTreeError(code, offset: tokenOffset, value: value.map(UInt64.init))
  }
}
