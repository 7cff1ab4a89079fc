// SPDX-License-Identifier: Apache-2.0

/// What a handle stands for. A handle is a pointer to 16 bytes: the mark of its type, and the object.
protocol HandleObject: AnyObject {
  /// What messages call it.
  static var typeName: String { get }
  /// What the first 8 bytes of a handle hold while it is good; of each type another.
  static var mark: UInt64 { get }
}

/// What a handle points to.
@unsafe private struct HandleBytes {
  var mark: UInt64
  var object: Unmanaged<AnyObject>
}

/// The mark of a handle that was freed, which is there until its memory is used again.
private let freedMark: UInt64 = 0

/// Where a function puts the handle that it makes.
public typealias HandlePlace = UnsafeMutablePointer<OpaquePointer?>

extension HandleObject {
  /// The object of a handle.
  ///
  /// - Throws: ``CallFailure`` for NULL, for a handle of another type, and for one that was freed, if its
  ///   memory still tells.
  @safe static func of(_ handle: OpaquePointer?) throws(CallFailure) -> Self {
    guard let handle = unsafe handle else { throw .argument("\(typeName): NULL") }
    let bytes = unsafe UnsafeMutablePointer<HandleBytes>(handle)
    guard unsafe bytes.pointee.mark == mark else {
      throw CallFailure(.handle, "\(typeName): a handle of another type, or one that was freed")
    }
    return unsafe unsafeDowncast(bytes.pointee.object.takeUnretainedValue(), to: Self.self)
  }

  /// The object of a handle that may be NULL.
  @safe static func ifAny(_ handle: OpaquePointer?) throws(CallFailure) -> Self? {
    if unsafe handle == nil { return nil }
    return try of(handle)
  }

  /// Puts a new handle, which keeps the object, into its place.
  @safe func hand(to place: HandlePlace) {
    let bytes = UnsafeMutablePointer<HandleBytes>.allocate(capacity: 1)
    unsafe bytes.initialize(
      to: HandleBytes(mark: Self.mark, object: .passRetained(self as AnyObject)))
    unsafe place.pointee = OpaquePointer(bytes)
  }

  /// Frees a handle and forgets it. What is no handle of this type is left alone.
  @safe static func free(_ place: HandlePlace?) {
    guard let place = unsafe place, let handle = unsafe place.pointee else { return }
    let bytes = unsafe UnsafeMutablePointer<HandleBytes>(handle)
    guard unsafe bytes.pointee.mark == mark else { return }
    unsafe place.pointee = nil
    unsafe bytes.pointee.mark = freedMark
    unsafe bytes.pointee.object.release()
    unsafe bytes.deallocate()
  }
}

/// Runs the body of a function of `dtfix.h` that makes an object, and hands it to the caller.
@safe func answer<Object: HandleObject>(
  _ error: HandlePlace?, _ place: HandlePlace?, _ name: String,
  _ body: () throws(CallFailure) -> Object
) -> CInt {
  answer(error) { () throws(CallFailure) in
    guard let place = unsafe place else { throw .argument("\(name): NULL") }
    try body().hand(to: place)
  }
}
