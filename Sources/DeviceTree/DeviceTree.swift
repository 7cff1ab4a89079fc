// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
internal import CLibFDT

/// A flattened device tree: read, edited and written as a value.
///
/// libfdt edits the bytes; callers name nodes by path and see neither offsets nor buffer sizes. A path is absolute (`/soc/serial@9000000`), may leave out
/// a unit address (`/soc/serial`: the first such node) and may start with an alias (`serial0`).
///
/// Format: Devicetree Specification v0.4, chapter 5.
public struct DeviceTree: Sendable {
  /// The blob and its free space, in 8-byte words because libfdt requires 8-byte alignment.
  private var words: [UInt64]

  /// The places of the root's children; nil after an edit that adds or deletes a node.
  var rootIndex: RootIndex?

  /// How many bytes followed the blob in its file.
  public private(set) var trailingByteCount = 0

  /// The `totalsize` in its file, free space included; 0 for a tree made here.
  public internal(set) var sourceSize = 0

  /// The format version of its file: 16, 17, or a later one that is compatible with them. Blobs are
  /// written in version 17.
  public internal(set) var sourceVersion: UInt32 = 17

  /// Free space of an opened tree: the additions for a kexec fit without growing.
  static let headroom = 4096

  /// A tree with a root node and nothing else.
  public init() {
    words = Array(repeating: 0, count: Self.headroom / 8)
    let result = unsafe words.withUnsafeMutableBytes {
      unsafe fdt_create_empty_tree($0.baseAddress, CInt($0.count))
    }
    precondition(result == 0, "4 KiB hold an empty tree")
  }

  /// Opens a blob, after checking it from end to end.
  ///
  /// Bytes after the blob's `totalsize` are ignored and counted in ``trailingByteCount``. Order and
  /// `FDT_NOP` tags are kept; free space is not.
  ///
  /// - Throws: ``DeviceTreeError`` with the offset and the value that break the format.
  public init(blob file: Span<UInt8>) throws(DeviceTreeError) {
    try self.init(ownBlob: file)
    try read { blob in unsafe fdt_check_full(blob, words.count * 8) }
  }

  /// Opens a blob that was written here, of a foreign one that libfdt has checked: our own checks are enough.
  package init(ownBlob file: Span<UInt8>) throws(DeviceTreeError) {
    let blocks = try BlobBlocks(checking: file)
    let header = blocks.header
    self.init(
      try BlobAssembly(
        reservations: file.extracting(blocks.reservations),
        structure: file.extracting(blocks.structure), strings: file.extracting(header.strings),
        headroom: Self.headroom, bootCPU: blocks.bootCPU),
      blocks.rootIndex)
    trailingByteCount = file.count - header.totalSize
    sourceVersion = header.version
    sourceSize = header.totalSize
  }

  /// Opens a blob in an array; see ``init(blob:)-(Span<UInt8>)``.
  public init(blob file: [UInt8]) throws(DeviceTreeError) {
    try self.init(blob: file.span)
  }

  /// The physical id of the CPU that boots: the header's `boot_cpuid_phys`.
  ///
  /// Only powerpc reads it, where it must be the id of a CPU node.
  public var bootCPU: UInt32 {
    get { withPointer { unsafe clibfdt_boot_cpuid_phys($0) } }
    set { withMutablePointer { unsafe clibfdt_set_boot_cpuid_phys($0, newValue) } }
  }

  /// A tree of an assembled blob.
  init(_ assembly: BlobAssembly, _ rootIndex: RootIndex? = nil) {
    words = assembly.words
    self.rootIndex = rootIndex
  }

  /// Replaces the blob by that of another tree; size and version of the file stay.
  mutating func replace(with other: DeviceTree) {
    words = other.words
    rootIndex = other.rootIndex
  }

  /// The blob: version 17, without free space, exactly `totalsize` bytes long.
  ///
  /// The blocks are in order and adjacent, as libfdt keeps them, so `fdt_pack` would move nothing.
  public var blob: [UInt8] {
    let size = withPointer { unsafe clibfdt_data_size($0) }
    var packed: [UInt8] = []
    packed.reserveCapacity(Int(size))
    withBytes { packed.append($0.extracting(0..<Int(size))) }
    for (place, shift) in zip(4..<8, [24, 16, 8, 0]) { packed[place] = UInt8(size >> shift & 0xff) }
    return packed
  }
}

extension DeviceTree: Hashable {
  /// Whether both have the same ``blob``; ``compared(with:phandles:)`` compares their meaning.
  public static func == (one: DeviceTree, other: DeviceTree) -> Bool { one.blob == other.blob }
  /// Hashes the ``blob``.
  public func hash(into hasher: inout Hasher) { hasher.combine(blob) }
}

// MARK: - Calls of libfdt

extension DeviceTree {
  /// Lends the bytes of the blob, free space included.
  func withBytes<Result, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe words.span.bytes.withUnsafeBytes { bytes throws(Failure) in
      try body(unsafe Span(_unsafeBytes: bytes))
    }
  }

  /// Lends the blob to a libfdt call that cannot fail.
  @safe func withPointer<Result>(_ call: (UnsafeRawPointer) -> Result) -> Result {
    unsafe words.withUnsafeBytes { blob in
      guard let start = blob.baseAddress else { preconditionFailure("a tree has a header") }
      return unsafe call(start)
    }
  }

  /// Runs a libfdt call that only reads the blob.
  @discardableResult
  @safe func read(
    node: String? = nil, _ call: (UnsafeRawPointer) -> CInt
  ) throws(DeviceTreeError) -> CInt {
    try check(withPointer(call), node: node)
  }

  /// Runs a libfdt call that edits the blob, again with more room when there is too little.
  @safe mutating func edit(
    node: String? = nil, property: String? = nil, _ call: (UnsafeMutableRawPointer) -> CInt
  ) throws(DeviceTreeError) {
    var result = withMutablePointer(call)
    while result == -FDT_ERR_NOSPACE {
      try grow()
      result = withMutablePointer(call)
    }
    try check(result, node: node, property: property)
  }

  /// Lends the blob to a libfdt call that changes it.
  @safe mutating func withMutablePointer<Result>(
    _ call: (UnsafeMutableRawPointer) -> Result
  ) -> Result {
    rootIndex = nil
    return unsafe words.withUnsafeMutableBytes { blob in
      guard let start = blob.baseAddress else { preconditionFailure("a tree has a header") }
      return unsafe call(start)
    }
  }

  /// Doubles the buffer, so that the copies for many edits are few.
  mutating func grow() throws(DeviceTreeError) {
    let size = words.count * 16
    guard size <= Int32.max else { throw DeviceTreeError(.noSpace) }
    var larger = [UInt64](repeating: 0, count: size / 8)
    let result = unsafe words.withUnsafeBytes { old in
      unsafe larger.withUnsafeMutableBytes { new in
        unsafe fdt_open_into(old.baseAddress, new.baseAddress, CInt(size))
      }
    }
    try check(result)
    words = larger
  }
}

/// Turns libfdt's "value, or negated error" into a value or a thrown error.
@discardableResult
private func check(
  _ result: CInt, node: String? = nil, property: String? = nil
) throws(DeviceTreeError) -> CInt {
  guard result >= 0 else {
    throw DeviceTreeError(.init(rawValue: -result), node: node, property: property)
  }
  return result
}
