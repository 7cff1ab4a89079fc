// SPDX-License-Identifier: Apache-2.0

import CDTFix
import Loading
import PhysicalMemory

// What callers hand in: checked here, and copied.

/// A copy of a caller's bytes.
///
/// - Throws: ``CallFailure`` for NULL with a size, and for a size that nothing has: to copy that would take more
///   memory than there is.
@safe func bytes(
  _ start: UnsafeRawPointer?, _ size: Int, _ name: String
) throws(CallFailure) -> [UInt8] {
  guard 0...FileSet.sizeLimit ~= size else { throw .argument("\(name): more than 1 GiB") }
  guard size > 0 else { return [] }
  guard let start = unsafe start else { throw .argument("\(name): NULL, of \(size) bytes") }
  return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: size))
}

/// A caller's array; ``bytes(_:_:_:)`` for values.
@safe func list<Value: BitwiseCopyable>(
  _ start: UnsafePointer<Value>?, _ count: Int, _ name: String
) throws(CallFailure) -> [Value] {
  guard 0...FileSet.sizeLimit / MemoryLayout<Value>.stride ~= count else {
    throw .argument("\(name): more than 1 GiB of them")
  }
  guard count > 0 else { return [] }
  guard let start = unsafe start else { throw .argument("\(name): NULL, of \(count) items") }
  return unsafe [Value](UnsafeBufferPointer(start: start, count: count))
}

/// A caller's text.
///
/// - Throws: ``CallFailure`` for NULL, and for what is not UTF-8.
@safe func text(_ start: UnsafePointer<CChar>?, _ name: String) throws(CallFailure) -> String {
  guard let text = try textIfAny(start, name) else { throw .argument("\(name): NULL") }
  return text
}

/// A caller's text; nil for NULL.
@safe func textIfAny(_ start: UnsafePointer<CChar>?, _ name: String) throws(CallFailure) -> String?
{
  guard let start = unsafe start else { return nil }
  guard let text = unsafe String(validatingCString: start) else {
    throw .argument("\(name): not UTF-8")
  }
  return text
}

/// A caller's memory; nil for a size of 0.
///
/// - Throws: ``CallFailure`` for memory that goes beyond the last address.
func rangeIfAny(_ range: dtfix_range, _ name: String) throws(CallFailure) -> PhysicalRange? {
  guard range.size > 0 else { return nil }
  guard let known = PhysicalRange(start: range.start, size: range.size) else {
    throw .argument("\(name): more than 64 bits of addresses")
  }
  return known
}

/// A caller's ranges of memory, none of which is empty.
@safe func ranges(
  _ start: UnsafePointer<dtfix_range>?, _ count: Int, _ name: String
) throws(CallFailure) -> [PhysicalRange] {
  var all: [PhysicalRange] = []
  for range in try list(start, count, name) {
    guard let known = try rangeIfAny(range, name) else {
      throw .argument("\(name): memory of no size")
    }
    all.append(known)
  }
  return all
}

/// A member without a use, which has to be zero to get one some day.
func checkUnused(_ member: some FixedWidthInteger, _ name: String) throws(CallFailure) {
  guard member == 0 else { throw CallFailure(.version, "\(name): unused is \(member), not 0") }
}

/// Flags of which all are known.
func flags(
  _ flags: UInt32, allowed: [Int], _ name: String
) throws(CallFailure) -> (Int) -> Bool {
  let known = allowed.reduce(0, |)
  guard Int(flags) & ~known == 0 else {
    throw .argument("\(name): flags that are not known here: \(Int(flags) & ~known)")
  }
  return { Int(flags) & $0 != 0 }
}
