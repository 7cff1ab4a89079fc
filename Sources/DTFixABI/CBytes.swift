// SPDX-License-Identifier: Apache-2.0

/// Bytes that stay where they are until the object goes, with a NUL behind them.
///
/// Nothing is changed after the initialiser, so that any thread may read them.
@safe final class CBytes: @unchecked Sendable {
  let start: UnsafeMutableRawPointer
  let count: Int

  init(_ bytes: some Collection<UInt8>) {
    count = bytes.count
    unsafe start = .allocate(byteCount: count + 1, alignment: 16)
    unsafe UnsafeMutableRawBufferPointer(start: start, count: count).copyBytes(from: bytes)
    unsafe start.storeBytes(of: 0, toByteOffset: count, as: UInt8.self)
  }

  deinit { unsafe start.deallocate() }
}

/// A text for C, which sees it up to the first NUL.
@safe final class CText: Sendable {
  private let bytes: CBytes

  init(_ text: String) { bytes = CBytes(text.utf8) }
  init(_ text: some Collection<UInt8>) { bytes = CBytes(text) }

  var start: UnsafePointer<CChar> {
    unsafe UnsafePointer(bytes.start.assumingMemoryBound(to: CChar.self))
  }

  /// Without characters; it lasts as long as the program.
  static var empty: UnsafePointer<CChar> {
    let text: StaticString = ""
    return unsafe UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
  }
}
