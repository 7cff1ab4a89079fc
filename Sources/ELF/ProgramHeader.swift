// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat

/// A program header, which describes a segment: System V ABI, chapter 5.
public struct ProgramHeader: Hashable, Sendable {
  /// The type; ``load`` and ``note`` are used here.
  public let type: UInt32
  /// Whether its memory may be executed (1), written (2) and read (4).
  public let flags: UInt32
  /// Bytes from the start of the file.
  public let offset: UInt64
  /// The address of its first byte in the address space of its program or kernel.
  public let virtualAddress: UInt64
  /// The physical address of its first byte.
  public let physicalAddress: UInt64
  /// Bytes of it in the file.
  public let fileSize: UInt64
  /// Bytes of it in memory.
  public let memorySize: UInt64
  /// The alignment of its addresses; 0 and 1 for none.
  public let alignment: UInt64

  /// `PT_LOAD`.
  public static let load: UInt32 = 1
  /// `PT_NOTE`.
  public static let note: UInt32 = 4

  /// Bytes in a program header.
  public static let size = 56

  /// A program header, of any values.
  public init(
    type: UInt32, flags: UInt32, offset: UInt64, virtualAddress: UInt64, physicalAddress: UInt64,
    fileSize: UInt64, memorySize: UInt64, alignment: UInt64 = 0
  ) {
    self.type = type
    self.flags = flags
    self.offset = offset
    self.virtualAddress = virtualAddress
    self.physicalAddress = physicalAddress
    self.fileSize = fileSize
    self.memorySize = memorySize
    self.alignment = alignment
  }

  init(_ table: Span<UInt8>, at start: Int, _ order: ByteOrder) throws(FormatError) {
    type = try table.integer(at: start, order)
    flags = try table.integer(at: start + 4, order)
    offset = try table.integer(at: start + 8, order)
    virtualAddress = try table.integer(at: start + 16, order)
    physicalAddress = try table.integer(at: start + 24, order)
    fileSize = try table.integer(at: start + 32, order)
    memorySize = try table.integer(at: start + 40, order)
    alignment = try table.integer(at: start + 48, order)
  }

  /// The place in the file.
  ///
  /// - Throws: `FormatError.truncated` when no file is that long.
  public func fileRange() throws(FormatError) -> Range<Int> {
    let (end, overflow) = offset.addingReportingOverflow(fileSize)
    guard !overflow, let end = Int(exactly: end) else {
      throw .truncated(offset: Int(clamping: offset), size: Int(clamping: fileSize))
    }
    return Int(offset)..<end
  }
}
