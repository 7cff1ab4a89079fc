// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// Reads consecutive measurements.
///
/// Each is a PCR, a digest of 20 bytes, and two parts with their sizes before them: the template's name and
/// the data, whose fields have their sizes before them, too; all sizes are 32 bits
/// (`ima_fs.c:ima_measurements_show`, `ima_template_lib.c:ima_parse_buf`).
struct MeasurementReader {
  let byteOrder: ByteOrder
  /// The start of the next one.
  var offset: Int
  /// The number of the next one, from 1.
  var number = 1
  /// The template of the last one, which most measurements share.
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
    let register = try integer("the number of the PCR", in: span)
    _ = try part("the template digest", size: UInt64(Self.digestSize), in: span)
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
    let size = try integer("the size of the template's name", in: bytes)
    guard 1...UInt32(MeasurementTemplate.longestName) ~= size else {
      throw error(.nameSize(size), at: start)
    }
    let range = try part("the template's name", size: UInt64(size), in: bytes)
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

  /// The places of the fields of the data that begins here.
  mutating func fields(
    of template: MeasurementTemplate, in bytes: Span<UInt8>
  ) throws(MeasurementError) -> [Range<Int>] {
    guard !template.isLegacy else { return try legacyFields(in: bytes) }
    let size = try integer("the size of the data", in: bytes)
    let range = try part("the data", size: UInt64(size), in: bytes)
    let data = bytes.extracting(0..<range.upperBound)
    offset = range.lowerBound
    var fields: [Range<Int>] = []
    fields.reserveCapacity(template.fields.count)
    for field in template.fields {
      let size = try integer("the size of field \(field.rawValue)", in: data)
      fields.append(try part("field \(field.rawValue)", size: UInt64(size), in: data))
    }
    // Fields fill the data: `ima_template.c:ima_restore_template_data`.
    guard offset == range.upperBound else {
      throw error(.afterFields(range.upperBound - offset), at: offset)
    }
    return fields
  }

  /// The data of the template `ima`, which has neither its own size nor one before the digest.
  private mutating func legacyFields(
    in bytes: Span<UInt8>
  ) throws(MeasurementError) -> [Range<Int>] {
    let digest = try part("field d", size: UInt64(Self.digestSize), in: bytes)
    let start = offset
    let size = try integer("the size of field n", in: bytes)
    guard size <= MeasurementList.longestFileName else {
      throw error(.fileNameSize(size), at: start)
    }
    return [digest, try part("field n", size: UInt64(size), in: bytes)]
  }

  private mutating func integer(
    _ name: @autoclosure () -> String, in bytes: Span<UInt8>
  ) throws(MeasurementError) -> UInt32 {
    let range = try part(name(), size: 4, in: bytes)
    do throws(FormatError) {
      return try bytes.integer(at: range.lowerBound, byteOrder)
    } catch {
      throw self.error(.endsInside(name(), size: 4, left: 0), at: range.lowerBound)
    }
  }

  /// The place of the part that begins here.
  private mutating func part(
    _ name: @autoclosure () -> String, size: UInt64, in bytes: Span<UInt8>
  ) throws(MeasurementError) -> Range<Int> {
    let left = bytes.count - offset
    guard size <= left else {
      throw error(.endsInside(name(), size: size, left: left), at: offset)
    }
    let range = offset..<(offset + Int(size))
    offset = range.upperBound
    return range
  }

  private func error(_ problem: MeasurementError.Problem, at offset: Int) -> MeasurementError {
    MeasurementError(offset: offset, number: number, problem: problem)
  }
}
