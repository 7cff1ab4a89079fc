// SPDX-License-Identifier: Apache-2.0

import CDTFix

/// A struct of `dtfix.h` that begins with its size, `struct_size`.
protocol VersionedStruct {
  /// All members are zero.
  init()
  /// The size in bytes in the first version of the interface, which every caller's struct has at least.
  static var firstSize: Int { get }
  var struct_size: UInt32 { get set }
}

extension VersionedStruct {
  /// More than any struct will ever have: a `struct_size` above it was never set.
  private static var mostBytes: Int { 4096 }

  /// The bytes of a caller's struct that this version knows.
  @safe private static func size(at place: UnsafeRawPointer) throws(CallFailure) -> Int {
    let size = Int(unsafe place.loadUnaligned(as: UInt32.self))
    guard firstSize...mostBytes ~= size else {
      throw CallFailure(
        DTFIX_E_VERSION, "\(self): struct_size is \(size), not \(MemoryLayout<Self>.stride)")
    }
    let known = min(size, MemoryLayout<Self>.stride)
    let rest = unsafe UnsafeRawBufferPointer(start: place + known, count: size - known)
    guard unsafe rest.allSatisfy({ $0 == 0 }) else {
      throw CallFailure(DTFIX_E_VERSION, "\(self): members of a later version are not zero")
    }
    return known
  }

  /// A copy of a caller's struct, with zero in members that the caller's version does not have.
  @safe static func given(
    _ pointer: UnsafePointer<Self>?, _ name: String
  ) throws(CallFailure) -> Self {
    guard let pointer = unsafe pointer else { throw .argument("\(name): NULL") }
    let place = unsafe UnsafeRawPointer(pointer)
    let size = try size(at: place)
    var value = Self()
    unsafe withUnsafeMutableBytes(of: &value) {
      unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: place, count: size))
    }
    return value
  }

  /// Fills in a caller's struct, as far as its size goes.
  @safe func fill(_ pointer: UnsafeMutablePointer<Self>?, _ name: String) throws(CallFailure) {
    guard let pointer = unsafe pointer else { throw .argument("\(name): NULL") }
    let place = UnsafeMutableRawPointer(pointer)
    let size = try Self.size(at: place)
    var value = self
    value.struct_size = unsafe place.loadUnaligned(as: UInt32.self)
    unsafe withUnsafeBytes(of: &value) {
      let room = unsafe UnsafeMutableRawBufferPointer(start: place, count: size)
      unsafe room.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<size]))
    }
  }
}

extension Array where Element: VersionedStruct {
  /// Fills in a caller's struct with the element at an index.
  @safe func fill(
    _ pointer: UnsafeMutablePointer<Element>?, from index: Int, _ name: String
  ) throws(CallFailure) {
    guard indices.contains(index) else {
      throw CallFailure(
        DTFIX_E_NOT_FOUND, "\(name) \(UInt(bitPattern: index)): there are \(count)")
    }
    try self[index].fill(pointer, name)
  }
}

extension VersionedStruct {
  /// The size of a struct whose last member is this one.
  @safe fileprivate static func size<Member>(upTo member: KeyPath<Self, Member>) -> Int {
    (MemoryLayout<Self>.offset(of: member) ?? 0) + MemoryLayout<Member>.size
  }
}

// The last members of the first version.
extension dtfix_change: VersionedStruct { static let firstSize = unsafe size(upTo: \.rule) }
extension dtfix_finding: VersionedStruct { static let firstSize = unsafe size(upTo: \.rule) }
extension dtfix_machine_status: VersionedStruct { static let firstSize = size(upTo: \.unused) }
extension dtfix_handover: VersionedStruct { static let firstSize = size(upTo: \.rng_seed_size) }
extension dtfix_elfcorehdr_facts: VersionedStruct {
  static let firstSize = size(upTo: \.has_backup)
}
extension dtfix_image_info: VersionedStruct {
  static let firstSize = unsafe size(upTo: \.command_line)
}
extension dtfix_file: VersionedStruct { static let firstSize = size(upTo: \.has_fd) }
extension dtfix_plan_options: VersionedStruct { static let firstSize = size(upTo: \.rng_seed_size) }
extension dtfix_plan_info: VersionedStruct {
  static let firstSize = size(upTo: \.command_line_size)
}
extension dtfix_segment: VersionedStruct { static let firstSize = size(upTo: \.memory) }
