// SPDX-License-Identifier: Apache-2.0

import CDTFix
import Kexec
import Loading
import PhysicalMemory
import RunningKernel

// Arguments of a call: each is checked here, and copied.

/// A copy of a caller's array, or of a caller's bytes.
///
/// - Throws: ``CallFailure`` for NULL with a count that is not 0, and for more than 1 GiB.
@safe func list<Value: BitwiseCopyable>(
  _ start: UnsafePointer<Value>?, _ count: Int, _ name: String
) throws(CallFailure) -> [Value] {
  guard 0...FileSet.sizeLimit / MemoryLayout<Value>.stride ~= count else {
    throw .argument("\(name): more than 1 GiB")
  }
  guard count > 0 else { return [] }
  guard let start = unsafe start else { throw .argument("\(name): NULL, but the size is not 0") }
  return unsafe [Value](UnsafeBufferPointer(start: start, count: count))
}

/// A copy of a caller's bytes; ``list(_:_:_:)`` for memory without a type.
@safe func bytes(
  _ start: UnsafeRawPointer?, _ size: Int, _ name: String
) throws(CallFailure) -> [UInt8] {
  try unsafe list(start?.assumingMemoryBound(to: UInt8.self), size, name)
}

/// A caller's text.
///
/// - Throws: ``CallFailure`` for NULL, and for text that is not UTF-8.
@safe func text(_ start: UnsafePointer<CChar>?, _ name: String) throws(CallFailure) -> String {
  guard let text = try textIfAny(start, name) else { throw .argument("\(name): NULL") }
  return text
}

/// A caller's text; nil for NULL.
@safe func textIfAny(
  _ start: UnsafePointer<CChar>?, _ name: String
) throws(CallFailure) -> String? {
  guard let start = unsafe start else { return nil }
  guard let text = unsafe String(validatingCString: start) else {
    throw .argument("\(name): not UTF-8")
  }
  return text
}

/// A caller's memory; nil for a size of 0.
///
/// - Throws: ``CallFailure`` for a range that passes the last address.
func rangeIfAny(_ range: dtfix_range, _ name: String) throws(CallFailure) -> PhysicalRange? {
  guard range.size > 0 else { return nil }
  guard let known = PhysicalRange(start: range.start, size: range.size) else {
    throw .argument("\(name): the range passes the last 64-bit address")
  }
  return known
}

/// A caller's ranges of memory, none of which may be empty.
@safe func ranges(
  _ start: UnsafePointer<dtfix_range>?, _ count: Int, _ name: String
) throws(CallFailure) -> [PhysicalRange] {
  try list(start, count, name).map { range throws(CallFailure) in
    guard let known = try rangeIfAny(range, name) else { throw .argument("\(name): empty range") }
    return known
  }
}

/// Refuses a value in a member that has no use yet, so that a later version can give it one.
func checkUnused(_ member: some FixedWidthInteger, _ name: String) throws(CallFailure) {
  guard member == 0 else {
    throw CallFailure(DTFIX_E_VERSION, "\(name): unused is \(member), not 0")
  }
}

/// The test for a flag in a caller's flags, all of which must be allowed.
func flags(_ flags: UInt32, allowed: [Int], _ name: String) throws(CallFailure) -> (Int) -> Bool {
  let unknown = Int(flags) & ~allowed.reduce(0, |)
  guard unknown == 0 else { throw .argument("\(name): unknown flags: \(unknown)") }
  return { Int(flags) & $0 != 0 }
}

/// The meaning of a number of `dtfix.h`.
func meaning<Value>(
  of number: UInt32, _ name: String, in meanings: KeyValuePairs<Int, Value>
) throws(CallFailure) -> Value {
  guard let known = meanings.first(where: { $0.key == number }) else {
    throw .argument("\(name): \(number) is not one of the numbers of dtfix.h")
  }
  return known.value
}

func purpose(_ number: UInt32) throws(CallFailure) -> Purpose {
  try meaning(
    of: number, "purpose", in: [DTFIX_FOR_KEXEC: .kexec, DTFIX_FOR_CRASH: .crash])
}

/// Which of a machine's trees; nil for the better one.
func treeOrigin(_ number: UInt32) throws(CallFailure) -> TreeOrigin? {
  try meaning(
    of: number, "tree_origin",
    in: [DTFIX_TREE_BEST: nil, DTFIX_TREE_FLAT: .flat, DTFIX_TREE_LIVE: .live])
}

/// An architecture by its name; nil for NULL.
@safe func architecture(_ name: UnsafePointer<CChar>?) throws(CallFailure) -> Architecture? {
  guard let name = try textIfAny(name, "architecture") else { return nil }
  guard let architecture = Architecture(named: name) else {
    throw CallFailure(.usage, "architecture: unknown name: \(name)")
  }
  return architecture
}
