// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat

/// A measurement: what was measured, and how the TPM's PCR was extended.
///
/// Source: Linux 7.2 `security/integrity/ima/ima_fs.c:ima_measurements_show`.
public struct MeasurementEntry: Hashable, Sendable {
  /// The PCR that was extended.
  public let register: UInt32
  /// The fields of the data.
  public let template: MeasurementTemplate
  /// The byte order of its numbers.
  public let byteOrder: ByteOrder
  /// The whole measurement as in the list.
  public let bytes: ArraySlice<UInt8>

  /// The digest that the PCR was extended with: SHA-1 of the data, 20 bytes; all zero for a violation.
  ///
  /// It is not compared with the data; a kernel that restores the list computes it anew
  /// (`ima_calc_field_array_hash`).
  public var templateDigest: [UInt8] {
    Array(bytes.dropFirst(4).prefix(MeasurementReader.digestSize))
  }

  /// The bytes of each field of the template.
  public var fields: [[UInt8]] { fieldRanges.map { Array(bytes[shifted($0)]) } }

  /// The places of the fields, from the start of the measurement, which was checked when it was read.
  private var fieldRanges: [Range<Int>] {
    let dataOffset = 8 + MeasurementReader.digestSize + template.name.utf8.count
    var reader = MeasurementReader(byteOrder: byteOrder, offset: dataOffset)
    return (try? reader.fields(of: template, in: bytes.span)) ?? []
  }

  private func shifted(_ range: Range<Int>) -> Range<Int> {
    (bytes.startIndex + range.lowerBound)..<(bytes.startIndex + range.upperBound)
  }

  /// Whether the file changed while it was measured, so that the PCR is no longer reliable.
  public var isViolation: Bool {
    bytes.dropFirst(4).prefix(MeasurementReader.digestSize).allSatisfy { $0 == 0 }
  }

  /// The bytes of the first such field; nil when the template has none.
  public subscript(field: MeasurementField) -> [UInt8]? {
    template.fields.firstIndex(of: field).map { Array(bytes[shifted(fieldRanges[$0])]) }
  }

  /// The name of the measured file or object as the kernel wrote it: up to a NUL, blanks as underscores.
  /// Nil when the template has no name.
  public var nameBytes: [UInt8]? {
    (self[.name] ?? self[.shortName]).map { Array($0.prefix { $0 != 0 }) }
  }

  /// A field as a number of 1, 2, 4 or 8 bytes; nil for a missing field, and for another size.
  public func number(_ field: MeasurementField) -> UInt64? {
    guard let bytes = self[field], [1, 2, 4, 8].contains(bytes.count) else { return nil }
    let ordered = byteOrder == .big ? bytes : bytes.reversed()
    return ordered.reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The digest of the measured file or object; nil when the template has none, and for a malformed one.
  public var digest: MeasuredDigest? {
    (self[.digest] ?? self[.typedDigest]).flatMap { MeasuredDigest(named: $0) }
      ?? self[.shortDigest].flatMap { MeasuredDigest(short: $0) }
  }
}

/// The digest of a file or buffer, with its algorithm.
public struct MeasuredDigest: Hashable, Sendable {
  /// The type: `ima` for the content, `verity` for the file's fs-verity structure; nil, which means the
  /// content, for a template without types.
  public let type: String?
  /// The algorithm as the kernel calls it: `sha256`.
  public let algorithm: String
  /// The digest.
  public let bytes: [UInt8]

  /// Reads `ALGORITHM:NUL…` or `TYPE:ALGORITHM:NUL…` (`ima_eventdigest_init_common`).
  init?(named field: [UInt8]) {
    let head = field.prefix { $0 != 0 }
    guard head.count < field.count, head.allSatisfy({ 0x21...0x7e ~= $0 }) else { return nil }
    var words = String(decoding: head, as: UTF8.self)
      .split(separator: ":", omittingEmptySubsequences: false)
    guard 2...3 ~= words.count, words.removeLast().isEmpty, words.allSatisfy({ !$0.isEmpty }) else {
      return nil
    }
    type = words.count == 2 ? String(words[0]) : nil
    algorithm = String(words[words.count - 1])
    bytes = Array(field[(head.count + 1)...])
  }

  /// Reads a digest whose algorithm follows from its size.
  init?(short field: [UInt8]) {
    guard field.count == 16 || field.count == 20 else { return nil }
    type = nil
    algorithm = field.count == 16 ? "md5" : "sha1"
    bytes = field
  }
}
