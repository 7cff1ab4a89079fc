// SPDX-License-Identifier: Apache-2.0

import CDTFix

/// The object behind a handle. A handle points to 16 bytes: the mark of its type, and the object.
protocol HandleObject: AnyObject {
  /// The name of the type in messages; the first two letters differ from those of all other types.
  static var typeName: String { get }
}

/// What a handle points to.
@unsafe private struct HandleBytes {
  var mark: UInt64
  var object: Unmanaged<AnyObject>
}

/// The mark of a handle that was freed; it stays until the memory is used again.
private let freedMark: UInt64 = 0

/// A handle of the caller.
public typealias Handle = OpaquePointer?
/// Where a function stores a handle that it makes, or reads one that it frees.
public typealias Out = UnsafeMutablePointer<OpaquePointer?>?

extension HandleObject {
  /// The mark of a valid handle: "dtfix_" and the first two letters of the type's name.
  private static var mark: UInt64 {
    typeName.utf8.prefix(2).reduce(0x6474_6669_785f) { $0 << 8 | UInt64($1) }
  }

  /// The object of a handle.
  ///
  /// - Throws: ``CallFailure`` for NULL, for a handle of another type, and for one that was freed, if its
  ///   memory has not been used again.
  @safe static func of(_ handle: Handle) throws(CallFailure) -> Self {
    guard let object = try ifAny(handle) else { throw .argument("\(typeName): NULL") }
    return object
  }

  /// The object of a handle; nil for NULL.
  @safe static func ifAny(_ handle: Handle) throws(CallFailure) -> Self? {
    guard let handle = unsafe handle else { return nil }
    let bytes = unsafe UnsafeMutablePointer<HandleBytes>(handle)
    guard unsafe bytes.pointee.mark == mark else {
      throw CallFailure(
        DTFIX_E_HANDLE, "\(typeName): a handle of another type, or one that was freed")
    }
    return unsafe unsafeDowncast(bytes.pointee.object.takeUnretainedValue(), to: Self.self)
  }

  /// Stores a new handle, which retains the object; nothing for NULL.
  @safe func hand(to place: Out) {
    guard let place = unsafe place else { return }
    let bytes = UnsafeMutablePointer<HandleBytes>.allocate(capacity: 1)
    unsafe bytes.initialize(
      to: HandleBytes(mark: Self.mark, object: .passRetained(self as AnyObject)))
    unsafe place.pointee = OpaquePointer(bytes)
  }

  /// Frees a handle and sets it to NULL; a handle of another type is left as it is.
  @safe static func free(_ place: Out) {
    guard let place = unsafe place, let handle = unsafe place.pointee else { return }
    let bytes = unsafe UnsafeMutablePointer<HandleBytes>(handle)
    guard unsafe bytes.pointee.mark == mark else { return }
    unsafe place.pointee = nil
    unsafe bytes.pointee.mark = freedMark
    unsafe bytes.pointee.object.release()
    unsafe bytes.deallocate()
  }
}
