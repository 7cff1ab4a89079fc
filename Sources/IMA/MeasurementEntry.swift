// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat

/// One measurement: what the kernel looked at, and what it told the TPM.
///
/// Source: Linux 7.2 `security/integrity/ima/ima_fs.c:ima_measurements_show`.
public struct MeasurementEntry: Hashable, Sendable {
  /// The register of the TPM that was extended: the PCR.
  public let register: UInt32
  /// What the data consists of.
  public let template: MeasurementTemplate
  /// The order of the bytes in all its numbers.
  public let byteOrder: ByteOrder
  /// All of it, as it is in the list.
  public let bytes: ArraySlice<UInt8>

  /// What the register was extended with: SHA-1 of the data, 20 bytes; all zero for a violation.
  ///
  /// It is not compared with the data: no digest is computed here. A kernel that restores the list
  /// computes it anew (`ima_calc_field_array_hash`).
  public var templateDigest: [UInt8] {
    Array(bytes.dropFirst(4).prefix(MeasurementReader.digestSize))
  }

  /// The bytes of each field of the template.
  public var fields: [[UInt8]] { fieldRanges.map { Array(bytes[shifted($0)]) } }

  /// Where the fields are, from the start of the measurement. It was read once, so nothing is wrong.
  private var fieldRanges: [Range<Int>] {
    let dataOffset = 8 + MeasurementReader.digestSize + template.name.utf8.count
    var reader = MeasurementReader(byteOrder: byteOrder, offset: dataOffset)
    return (try? reader.fields(of: template, in: bytes.span)) ?? []
  }

  private func shifted(_ range: Range<Int>) -> Range<Int> {
    (bytes.startIndex + range.lowerBound)..<(bytes.startIndex + range.upperBound)
  }

  /// Whether the file changed around its measurement, so that the register says nothing any more.
  public var isViolation: Bool {
    bytes.dropFirst(4).prefix(MeasurementReader.digestSize).allSatisfy { $0 == 0 }
  }

  /// The bytes of a field; nil when the template does not have it. Of two, the first.
  public subscript(field: MeasurementField) -> [UInt8]? {
    template.fields.firstIndex(of: field).map { Array(bytes[shifted(fieldRanges[$0])]) }
  }

  /// The name of the file, or of what else was measured, as the kernel wrote it: up to a NUL, blanks
  /// as underscores. Nil when the template has no name.
  public var nameBytes: [UInt8]? {
    (self[.name] ?? self[.shortName]).map { Array($0.prefix { $0 != 0 }) }
  }

  /// A number among the fields: of 1, 2, 4 or 8 bytes; nil when there is none, or of another size.
  public func number(_ field: MeasurementField) -> UInt64? {
    guard let bytes = self[field], [1, 2, 4, 8].contains(bytes.count) else { return nil }
    let ordered = byteOrder == .big ? bytes : bytes.reversed()
    return ordered.reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The digest of what was measured; nil when the template has none, or not one that a kernel writes.
  public var digest: MeasuredDigest? {
    (self[.digest] ?? self[.typedDigest]).flatMap { MeasuredDigest(named: $0) }
      ?? self[.shortDigest].flatMap { MeasuredDigest(short: $0) }
  }
}

/// The digest of a file or buffer, and what made it.
public struct MeasuredDigest: Hashable, Sendable {
  /// What it is a digest of: `ima` for the content, `verity` for the file's fs-verity structure; nil
  /// where the template does not say, which means the content.
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

  /// Reads a digest that tells its algorithm by its size.
  init?(short field: [UInt8]) {
    guard field.count == 16 || field.count == 20 else { return nil }
    type = nil
    algorithm = field.count == 16 ? "md5" : "sha1"
    bytes = field
  }
}
