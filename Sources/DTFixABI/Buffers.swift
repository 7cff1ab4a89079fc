// SPDX-License-Identifier: Apache-2.0

/// What a buffer handle holds.
final class BufferObject: HandleObject {
  static let typeName = "buffer"
  static let mark: UInt64 = 0x6474_6669_785f_6275

  let bytes: CBytes

  init(_ bytes: some Collection<UInt8>) { self.bytes = CBytes(bytes) }
  convenience init(_ text: String) { self.init(text.utf8) }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_buffer_bytes")
public func dtfix_buffer_bytes(_ buffer: OpaquePointer?) -> UnsafeRawPointer? {
  let bytes = (try? BufferObject.of(buffer))?.bytes
  return unsafe bytes.map { unsafe UnsafeRawPointer($0.start) }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_buffer_size")
public func dtfix_buffer_size(_ buffer: OpaquePointer?) -> Int {
  (try? BufferObject.of(buffer))?.bytes.count ?? 0
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_buffer_free")
public func dtfix_buffer_free(_ buffer: HandlePlace?) {
  BufferObject.free(buffer)
}
