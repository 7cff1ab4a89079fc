// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// Reads one measurement after the other.
///
/// Each is a PCR, a digest of 20 bytes, and two parts after their sizes: the template's name and the
/// data, whose fields come after their sizes in turn; all sizes are 32 bits
/// (`ima_fs.c:ima_measurements_show`, `ima_template_lib.c:ima_parse_buf`).
struct MeasurementReader {
  let byteOrder: ByteOrder
  /// Where the next one begins.
  var offset: Int
  /// The number of the next one, from 1.
  var number = 1
  /// The template of the last one: most are in the same.
  private var lastTemplate = MeasurementTemplate.legacy

  /// Bytes in a template digest: `TPM_DIGEST_SIZE`.
  static let digestSize = 20

  init(byteOrder: ByteOrder, offset: Int) {
    self.byteOrder = byteOrder
    self.offset = offset
  }

  /// The next one.
  mutating func next(in bytes: [UInt8]) throws(MeasurementError) -> MeasurementEntry {
    let start = offset
    let span = bytes.span
    let register = try integer(.register, in: span)
    _ = try part(.templateDigest, size: UInt64(Self.digestSize), in: span)
    let template = try template(in: span)
    _ = try fields(of: template, in: span)
    number += 1
    return MeasurementEntry(
      register: register, template: template, byteOrder: byteOrder, bytes: bytes[start..<offset])
  }

  private mutating func template(
    in bytes: Span<UInt8>
  ) throws(MeasurementError) -> MeasurementTemplate {
    let start = offset
    let size = try integer(.templateNameSize, in: bytes)
    guard 1...UInt32(MeasurementTemplate.longestName) ~= size else {
      throw error(.nameSize(size), at: start)
    }
    let range = try part(.templateName, size: UInt64(size), in: bytes)
    let name = unsafe bytes.extracting(range).withUnsafeBytes {
      unsafe String(decoding: $0, as: UTF8.self)
    }
    guard name != lastTemplate.name else { return lastTemplate }
    guard let template = MeasurementTemplate(named: name) else {
      throw error(.template(name), at: range.lowerBound)
    }
    lastTemplate = template
    return template
  }

  /// Where the fields of the data are, which begins here.
  mutating func fields(
    of template: MeasurementTemplate, in bytes: Span<UInt8>
  ) throws(MeasurementError) -> [Range<Int>] {
    guard !template.isLegacy else { return try legacyFields(in: bytes) }
    let size = try integer(.dataSize, in: bytes)
    let range = try part(.data, size: UInt64(size), in: bytes)
    let data = bytes.extracting(0..<range.upperBound)
    offset = range.lowerBound
    var fields: [Range<Int>] = []
    fields.reserveCapacity(template.fields.count)
    for field in template.fields {
      let size = try integer(.fieldSize(field), in: data)
      fields.append(try part(.field(field), size: UInt64(size), in: data))
    }
    // They fill it: `ima_template.c:ima_restore_template_data`.
    guard offset == range.upperBound else {
      throw error(.behindFields(range.upperBound - offset), at: offset)
    }
    return fields
  }

  /// The data of the template `ima`, which has neither its own size nor one before the digest.
  private mutating func legacyFields(
    in bytes: Span<UInt8>
  ) throws(MeasurementError) -> [Range<Int>] {
    let digest = try part(.field(.shortDigest), size: UInt64(Self.digestSize), in: bytes)
    let start = offset
    let size = try integer(.fieldSize(.shortName), in: bytes)
    guard size <= MeasurementList.longestFileName else {
      throw error(.fileNameSize(size), at: start)
    }
    return [digest, try part(.field(.shortName), size: UInt64(size), in: bytes)]
  }

  private mutating func integer(
    _ part: MeasurementError.Part, in bytes: Span<UInt8>
  ) throws(MeasurementError) -> UInt32 {
    let range = try self.part(part, size: 4, in: bytes)
    do throws(FormatError) {
      return try bytes.integer(at: range.lowerBound, byteOrder)
    } catch {
      throw self.error(.endsInside(part, size: 4, left: 0), at: range.lowerBound)
    }
  }

  /// The place of a part that begins here; the next one begins behind it.
  private mutating func part(
    _ part: MeasurementError.Part, size: UInt64, in bytes: Span<UInt8>
  ) throws(MeasurementError) -> Range<Int> {
    let left = bytes.count - offset
    guard size <= left else {
      throw error(.endsInside(part, size: size, left: left), at: offset)
    }
    let range = offset..<(offset + Int(size))
    offset = range.upperBound
    return range
  }

  private func error(_ problem: MeasurementError.Problem, at offset: Int) -> MeasurementError {
    MeasurementError(offset: offset, number: number, problem: problem)
  }
}
