// SPDX-License-Identifier: Apache-2.0

/// Bytes that stay where they are until it is freed, with a NUL behind them.
///
/// Nothing is changed after the initialiser, so that any thread may read it.
@safe final class CBytes: @unchecked Sendable {
  let start: UnsafeMutableRawPointer
  let count: Int

  init(_ bytes: some Collection<UInt8>) {
    count = bytes.count
    unsafe start = .allocate(byteCount: count + 1, alignment: 16)
    let room = unsafe UnsafeMutableRawBufferPointer(start: start, count: count)
    unsafe room.copyBytes(from: bytes)
    unsafe start.storeBytes(of: 0, toByteOffset: count, as: UInt8.self)
  }

  deinit { unsafe start.deallocate() }
}

/// A text for C: what is behind a NUL in it is not seen there.
final class CText: Sendable {
  private let bytes: CBytes

  init(_ text: String) { bytes = CBytes(text.utf8) }

  var start: UnsafePointer<CChar> {
    unsafe UnsafePointer(bytes.start.assumingMemoryBound(to: CChar.self))
  }
}
