// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// Walks the structure block of a blob, token by token: Devicetree Specification v0.4, section 5.4.
///
/// Every step is checked, and an error says the offset: libfdt's `fdt_check_full` knows only that
/// something is wrong somewhere. Offsets are bytes from the start of the blob.
struct StructureCursor {
  /// One token; tags that carry nothing (`FDT_NOP`) are passed over.
  enum Token {
    /// A node begins; `name` has no NUL.
    case beginNode(name: Range<Int>)
    /// A property of the node that began last.
    case property(name: Range<Int>, value: Range<Int>)
    /// The innermost open node ends.
    case endNode
    /// The tree ends.
    case end
  }

  /// Linux skips nodes from depth 63 on, counting the root as 0 (`drivers/of/fdt.c:unflatten_dt_nodes`).
  static let levelLimit = 63

  /// Where the next token is searched.
  private(set) var offset: Int
  /// Where the token that `next` returned last begins.
  private(set) var tokenOffset: Int
  /// Open nodes; 1 inside the root.
  private(set) var level = 0
  private let blockEnd: Int
  private let strings: Range<Int>
  private var hasEndedRoot = false
  private var isAfterSubnode = false

  init(_ header: BlobHeader) {
    offset = header.structOffset
    tokenOffset = header.structOffset
    blockEnd = header.structOffset + header.structSize
    strings = header.stringsOffset..<header.stringsOffset + header.stringsSize
  }

  /// Starts at the node whose `FDT_BEGIN_NODE` is at `offset`, inside `level` open nodes.
  init(_ header: BlobHeader, at offset: Int, level: Int) {
    self.init(header)
    self.offset = offset
    self.level = level
  }

  mutating func next(in blob: Span<UInt8>) throws(DeviceTreeError) -> Token {
    while true {
      tokenOffset = offset
      let tag = try word(in: blob)
      switch tag {
      case 1: return try beginNode(in: blob)
      case 2: return try endNode()
      case 3: return try property(in: blob)
      case 4: continue
      case 9: return try end()
      default: throw error(.badTag, tag)
      }
    }
  }

  private mutating func beginNode(in blob: Span<UInt8>) throws(DeviceTreeError) -> Token {
    guard !hasEndedRoot else { throw error(.badStructure) }
    level += 1
    guard level <= Self.levelLimit else { throw error(.tooDeep) }
    let name = try self.name(at: offset, before: blockEnd, isNode: true, in: blob)
    guard level == 1 || !name.isEmpty else { throw error(.badName) }
    try advance(to: name.upperBound + 1)
    isAfterSubnode = false
    return .beginNode(name: name)
  }

  private mutating func endNode() throws(DeviceTreeError) -> Token {
    guard level > 0 else { throw error(.badStructure) }
    level -= 1
    hasEndedRoot = level == 0
    isAfterSubnode = true
    return .endNode
  }

  private mutating func property(in blob: Span<UInt8>) throws(DeviceTreeError) -> Token {
    guard level > 0 else { throw error(.badStructure) }
    guard !isAfterSubnode else { throw error(.lateProperty) }
    let size = Int(try word(in: blob))
    let nameOffset = Int(try word(in: blob))
    guard nameOffset < strings.count else { throw error(.badStructure, UInt32(nameOffset)) }
    let name = try self.name(
      at: strings.lowerBound + nameOffset, before: strings.upperBound, isNode: false, in: blob)
    guard !name.isEmpty else { throw error(.badName) }
    guard size <= blockEnd - offset else { throw error(.truncated, UInt32(size)) }
    let value = offset..<offset + size
    try advance(to: value.upperBound)
    return .property(name: name, value: value)
  }

  private func end() throws(DeviceTreeError) -> Token {
    guard hasEndedRoot else { throw error(.badStructure) }
    return .end
  }

  /// The bytes of a name up to its NUL.
  private func name(
    at start: Int, before limit: Int, isNode: Bool, in blob: Span<UInt8>
  ) throws(DeviceTreeError) -> Range<Int> {
    var end = start
    while end < limit {
      let byte = blob[end]
      if byte == 0 { return start..<end }
      let isFine = byte >= 0x20 && byte < 0x7f && !(isNode && level > 1 && byte == 0x2f /* / */)
      guard isFine else { throw error(.badName, UInt32(byte)) }
      end += 1
    }
    throw error(.truncated)
  }

  private mutating func word(in blob: Span<UInt8>) throws(DeviceTreeError) -> UInt32 {
    guard offset <= blockEnd - 4, let word = try? blob.bigEndian(UInt32.self, at: offset) else {
      throw error(.truncated)
    }
    offset += 4
    return word
  }

  /// Moves to the next multiple of four, which must be in the block.
  private mutating func advance(to end: Int) throws(DeviceTreeError) {
    let aligned = (end + 3) & ~3
    guard aligned <= blockEnd else { throw error(.truncated) }
    offset = aligned
  }

  private func error(_ code: DeviceTreeError.Code, _ value: UInt32? = nil) -> DeviceTreeError {
    DeviceTreeError(code, offset: tokenOffset, value: value.map(UInt64.init))
  }
}
