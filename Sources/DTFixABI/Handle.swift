// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What a handle stands for. A handle is a pointer to 16 bytes: the mark of its type, and the object.
protocol HandleObject: AnyObject {
  /// What messages call it.
  static var typeName: String { get }
  /// What the first 8 bytes of a handle hold while it is good.
  static var mark: UInt64 { get }
}

/// The bytes behind a handle.
@unsafe private struct HandleBytes {
  var mark: UInt64
  var object: Unmanaged<AnyObject>
}

/// The mark of a handle that was freed: there until its memory is used again.
private let freedMark: UInt64 = 0

extension HandleObject {
  /// A new handle, which keeps the object.
  @unsafe func handle() -> OpaquePointer {
    let bytes = UnsafeMutablePointer<HandleBytes>.allocate(capacity: 1)
    unsafe bytes.initialize(
      to: HandleBytes(mark: Self.mark, object: .passRetained(self as AnyObject)))
    return OpaquePointer(bytes)
  }

  /// The object of a handle.
  ///
  /// - Throws: ``CallFailure`` for NULL, for a handle of another type, and for one that was freed and whose
  ///   memory still tells.
  static func of(_ handle: OpaquePointer?) throws(CallFailure) -> Self {
    guard let handle = unsafe handle else { throw .argument("\(typeName): NULL") }
    let bytes = unsafe UnsafeMutablePointer<HandleBytes>(handle)
    guard unsafe bytes.pointee.mark == mark else {
      throw CallFailure(.handle, "\(typeName): a handle of another type, or one that was freed")
    }
    return unsafe unsafeDowncast(bytes.pointee.object.takeUnretainedValue(), to: Self.self)
  }

  /// Frees a handle and forgets it.
  static func free(_ place: UnsafeMutablePointer<OpaquePointer?>?) {
    guard let place = unsafe place, let handle = unsafe place.pointee else { return }
    let bytes = unsafe UnsafeMutablePointer<HandleBytes>(handle)
    // To free what is no handle of this type could only do harm.
    guard unsafe bytes.pointee.mark == mark else { return }
    unsafe place.pointee = nil
    unsafe bytes.pointee.mark = freedMark
    unsafe bytes.pointee.object.release()
    unsafe bytes.deallocate()
  }
}
