// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
package import IMA
package import JSONText

/// A measurement list or an IMA buffer that was read from a file.
package struct MeasurementReport {
  private let kind: String
  private let byteOrder: ByteOrder
  private let size: Int
  private let entries: [MeasurementEntry]
  /// The number of measurements in a buffer's header; nil for a list.
  private let count: UInt64?

  /// Reads a recognized file. A damaged buffer is refused, although a kernel may restore the start of it.
  package init(_ bytes: Span<UInt8>) throws(MeasurementError) {
    guard let order = MeasurementBuffer.byteOrder(of: bytes) else {
      let list = try MeasurementList(bytes)
      (kind, byteOrder, count) = ("measurement list", list.byteOrder, nil)
      (size, entries) = (bytes.count, list.entries)
      return
    }
    let restored = try RestoredMeasurements(bytes, order)
    if let problem = restored.problem { throw problem }
    (kind, byteOrder, count) = ("measurement buffer", order, restored.count)
    (size, entries) = (restored.size, restored.entries)
  }

  /// A line for the file, then one for each measurement.
  package var table: String {
    var head = "\(kind), \(byteOrder.text), \(size) bytes, \(entries.count) measurements"
    if let count, count != entries.count { head += " of \(count)" }
    guard !entries.isEmpty else { return head }
    let titles = ["PCR", "Template", "Algorithm", "Digest", "Name"]
    return ([head] + aligned([titles] + entries.map(\.row))).joined(separator: "\n")
  }

  /// The same as an object, with all fields of each measurement.
  package var json: JSON {
    [
      "kind": .string(kind), "byteOrder": byteOrder.json,
      "size": .number(size), "count": count.map { .hex($0) },
      "measurements": .array(entries.map(\.json)),
    ]
  }
}

extension MeasurementEntry {
  /// The columns; the digest of a violation is all zeros.
  fileprivate var row: [String] {
    let digest = digest
    let algorithm = [digest?.type, digest?.algorithm].compactMap(\.self).joined(separator: ":")
    let value = isViolation ? "(violation)" : (digest?.bytes ?? []).hexDigits
    return [
      String(register), template.name, algorithm.isEmpty ? "-" : algorithm,
      value.isEmpty ? "-" : value,
      nameBytes.map { visibleText($0) } ?? "-",
    ]
  }

  fileprivate var json: JSON {
    [
      "pcr": .number(Int(register)), "template": .string(template.name),
      "templateDigest": .string(templateDigest.hexDigits), "violation": .bool(isViolation),
      "digestType": digest?.type.map { .string($0) },
      "algorithm": digest.map { .string($0.algorithm) },
      "digest": digest.map { .string($0.bytes.hexDigits) },
      "name": nameBytes.map { .string(String(decoding: $0, as: UTF8.self)) },
      "fields": .array(
        zip(template.fields, fields).map { field, bytes in
          ["field": .string(field.rawValue), "bytes": .string(bytes.hexDigits)]
        }),
    ]
  }
}

/// A name with control characters, and bytes that are not UTF-8, as numbers.
private func visibleText(_ bytes: [UInt8]) -> String {
  String(validating: bytes, as: UTF8.self)?.visible()
    ?? bytes.map { 0x21...0x7e ~= $0 ? String(UnicodeScalar($0)) : "\\x\([$0].hexDigits)" }.joined()
}
