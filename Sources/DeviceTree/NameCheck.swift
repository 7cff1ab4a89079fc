// SPDX-License-Identifier: Apache-2.0

/// Checks the names of properties, each once: trees use few names many times.
struct NameCheck {
  private let strings: Range<Int>
  private var isChecked: [Bool]

  init(_ header: BlobHeader) {
    strings = header.strings
    isChecked = Array(repeating: false, count: header.strings.count)
  }

  /// Checks the name that begins at `name` in the strings block and must end there, with a NUL.
  ///
  /// Errors are at `property`, the place of the first property of this name.
  mutating func check(
    nameAt name: Int, of property: Int, in blob: Span<UInt8>
  ) throws(DeviceTreeError) {
    guard !isChecked[name] else { return }
    try checkOnce(nameAt: strings.lowerBound + name, of: property, in: blob)
    isChecked[name] = true
  }

  private func checkOnce(
    nameAt offset: Int, of property: Int, in blob: Span<UInt8>
  ) throws(DeviceTreeError) {
    var end = blob.endOfLegalBytes(
      from: offset, to: min(offset + String.longestName, strings.upperBound))
    while end < strings.upperBound, end - offset <= String.longestName, blob[end] != 0 {
      guard blob[end].isLegalInName else {
        throw DeviceTreeError(.badName, offset: property, value: UInt64(blob[end]))
      }
      end += 1
    }
    // Names that share their bytes can be many and long: reading them all would take for ever.
    guard end - offset <= String.longestName else {
      throw DeviceTreeError(.badName, offset: property)
    }
    guard end < strings.upperBound else { throw DeviceTreeError(.truncated, offset: property) }
    guard end > offset else { throw DeviceTreeError(.badName, offset: property) }
  }
}
