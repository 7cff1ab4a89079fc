// SPDX-License-Identifier: Apache-2.0

/// Checks the names of properties, each once: trees use few names many times.
struct NameCheck {
  private let strings: Range<Int>
  private var isChecked: [Bool]

  init(_ header: BlobHeader) {
    strings = header.strings
    isChecked = Array(repeating: false, count: header.strings.count)
  }

  /// Checks the name that begins at `offset` and must end, with a NUL, in the strings block.
  ///
  /// Errors are at `property`, the place of the first property of this name.
  mutating func check(
    nameAt offset: Int, of property: Int, in blob: Span<UInt8>
  ) throws(DeviceTreeError) {
    guard !isChecked[offset - strings.lowerBound] else { return }
    try checkOnce(nameAt: offset, of: property, in: blob)
  }

  private mutating func checkOnce(
    nameAt offset: Int, of property: Int, in blob: Span<UInt8>
  ) throws(DeviceTreeError) {
    var end = offset
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
    isChecked[offset - strings.lowerBound] = true
  }
}
