// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

/// Memory that the texts and structs of one handle point into, freed with the handle.
///
/// It is filled while the object of the handle is made, and may be read by any thread from then on.
@safe final class CMemory {
  private var blocks = unsafe [UnsafeMutableRawPointer]()

  /// Copies bytes, aligned to 16 bytes and followed by a NUL.
  func copy(_ bytes: some Collection<UInt8>) -> UnsafeRawPointer {
    let count = bytes.count
    let block = UnsafeMutableRawPointer.allocate(byteCount: count + 1, alignment: 16)
    unsafe UnsafeMutableRawBufferPointer(start: block, count: count).copyBytes(from: bytes)
    unsafe block.storeBytes(of: 0, toByteOffset: count, as: UInt8.self)
    unsafe blocks.append(block)
    return UnsafeRawPointer(block)
  }

  /// Copies a text, which C reads up to its first NUL.
  func text(bytes: some Collection<UInt8>) -> UnsafePointer<CChar> {
    unsafe copy(bytes).assumingMemoryBound(to: CChar.self)
  }

  /// Copies a description.
  func text(_ value: some CustomStringConvertible) -> UnsafePointer<CChar> {
    unsafe text(bytes: value.description.utf8)
  }

  deinit { unsafe blocks.forEach { unsafe $0.deallocate() } }
}

/// The object of a buffer handle.
@safe final class BufferObject: HandleObject {
  static let typeName = "buffer"

  private let memory = CMemory()
  let start: UnsafeRawPointer
  let count: Int

  init(_ bytes: some Collection<UInt8>) {
    count = bytes.count
    unsafe start = memory.copy(bytes)
  }

  convenience init(_ text: String) { self.init(text.utf8) }
}

@_cdecl("dtfix_buffer_bytes")
public func dtfix_buffer_bytes(_ buffer: Handle) -> UnsafeRawPointer? {
  unsafe (try? BufferObject.of(buffer))?.start
}

@_cdecl("dtfix_buffer_size")
public func dtfix_buffer_size(_ buffer: Handle) -> Int {
  (try? BufferObject.of(buffer))?.count ?? 0
}

@_cdecl("dtfix_buffer_free")
public func dtfix_buffer_free(_ buffer: Out) { BufferObject.free(buffer) }

/// The object of an error handle.
@safe final class ErrorObject: HandleObject {
  static let typeName = "error"

  private let memory = CMemory()
  let code: CInt
  let message: UnsafePointer<CChar>

  init(_ failure: CallFailure) {
    code = failure.code
    unsafe message = memory.text(failure.message)
  }
}

@_cdecl("dtfix_error_code")
public func dtfix_error_code(_ error: Handle) -> CInt {
  (try? ErrorObject.of(error))?.code ?? 0
}

@_cdecl("dtfix_error_message")
public func dtfix_error_message(_ error: Handle) -> UnsafePointer<CChar>? {
  let empty: StaticString = ""
  return unsafe (try? ErrorObject.of(error))?.message
    ?? UnsafeRawPointer(empty.utf8Start).assumingMemoryBound(to: CChar.self)
}

@_cdecl("dtfix_error_free")
public func dtfix_error_free(_ error: Out) { ErrorObject.free(error) }
