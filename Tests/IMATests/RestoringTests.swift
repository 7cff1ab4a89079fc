// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import Foundation
import IMA
import TestSupport
import Testing

@Suite struct `A buffer, read by the kernel's rules` {
  /// One of the buffers of `Tests/Fixtures/measurement-buffers.py`, and whether the kernel complained.
  struct Answer: CustomTestStringConvertible {
    let name: String
    let hasComplained: Bool
    var testDescription: String { name }
  }

  static let answers: [Answer] = {
    let file = (try? contents(of: Fixtures.measurements() + "/restored.tsv")) ?? []
    return String(decoding: file, as: UTF8.self).split(separator: "\n").map { line in
      let words = line.split(separator: "\t")
      return Answer(name: String(words[0]), hasComplained: words[2] == "1")
    }
  }()

  @Test func `is compared with many answers of a kernel`() {
    #expect(Self.answers.count == 36)
    #expect(Self.answers.filter(\.hasComplained).count > 15)
  }

  /// Debian's Linux 7.2.13 was given the buffer, and its list copied out.
  @Test(arguments: answers)
  func `gives what a kernel made of it`(answer: Answer) throws {
    let bytes = try buffer(answer.name)
    let after = try contents(of: Fixtures.measurements() + "/restored/\(answer.name).list")
    // The last measurement is its own.
    let theirs = try Self.entries(of: after).dropLast()

    let ours = Self.restored(from: bytes)

    #expect(ours.entries.map(\.register) == theirs.map(\.register))
    #expect(ours.entries.map(\.template.fields) == theirs.map(\.template.fields))
    #expect(ours.entries.map(\.digest) == theirs.map(\.digest))
    #expect(ours.entries.map(\.nameBytes) == theirs.map(\.nameBytes))
    #expect(ours.entries.map(\.isViolation) == theirs.map(\.isViolation))
    // It does not complain of a buffer without bytes.
    #expect(ours.isBad == (answer.hasComplained || answer.name == "size-zero"))
  }

  /// The kernel computes the digests anew: what it restored is the list that was handed over, byte for
  /// byte.
  @Test(arguments: ["good", "every-template", "violation", "empty-fields", "fields-15"])
  func `is a list again, in the next kernel`(name: String) throws {
    let list = try buffer(name).dropFirst(MeasurementBuffer.headerSize)
    let after = try contents(of: Fixtures.measurements() + "/restored/\(name).list")

    #expect(after.starts(with: list))
    #expect(try Self.entries(of: Array(after.dropFirst(list.count))).count == 1)
  }

  @Test(arguments: 0..<MeasurementBuffer.headerSize)
  func `ends the reading within its header`(length: Int) throws {
    let bytes = try Array(buffer("good")[..<length])

    let problem = MeasurementError.Problem.endsInside("the header", size: 24, left: length)
    #expect(throws: MeasurementError(offset: 0, number: nil, problem: problem)) {
      try RestoredMeasurements(bytes.span)
    }
  }

  @Test(arguments: [
    ("version-2", "offset 0x0: version 2 of a measurement buffer; kernels read version 1"),
    (
      "size-zero",
      "offset 0x8: header and list are 0 bytes; the rule is 24 to 743, which is what there is"
    ),
  ])
  func `is refused as a whole for its header`(name: String, message: String) throws {
    let bytes = try buffer(name)

    let error = #expect(throws: MeasurementError.self) { try RestoredMeasurements(bytes.span) }

    #expect(error?.description == message)
  }

  /// `ima_restore_measurement_list`: "too many measurements", before it looks at one.
  @Test func `is refused as a whole for a count that no kernel takes`() throws {
    var bytes = try buffer("good")
    bytes.replaceSubrange(16..<24, with: repeatElement(0xff, count: 8))
    var less = bytes
    less[16] = 0xfe

    let error = #expect(throws: MeasurementError.self) { try RestoredMeasurements(bytes.span) }

    #expect(
      error?.description
        == "offset 0x10: 18446744073709551615 measurements; kernels count to 18446744073709551614")
    #expect(try RestoredMeasurements(less.span).entries.count == 7)
  }

  /// A kernel would read what is after the segment.
  @Test func `does not go on after the segment`() throws {
    let bytes = try buffer("good")
    let segment = Array(bytes.dropLast())

    let problem = MeasurementError.Problem.bufferSize(UInt64(bytes.count), of: segment.count)
    #expect(throws: MeasurementError(offset: 8, number: nil, problem: problem)) {
      try RestoredMeasurements(segment.span)
    }
  }

  @Test func `may be followed by anything`() throws {
    let bytes = try buffer("good")
    let segment = bytes + [UInt8](repeating: 0xff, count: 4096)

    let (alone, within) = try (RestoredMeasurements(bytes.span), RestoredMeasurements(segment.span))

    #expect(alone == within && alone.entries.count == 7 && alone.problem == nil)
  }

  @Test(arguments: ["every-template", "violation"])
  func `with a flipped bit gives the measurements before it`(name: String) throws {
    let bytes = try buffer(name)
    let whole = try RestoredMeasurements(bytes.span, .little)
    let firstSize = name == "violation" ? 92 : 106

    let range = (8 * (24 + firstSize))..<(8 * min(bytes.count, 800))
    let wrong = try range.filter { bit in
      var flipped = bytes
      flipped[bit / 8] ^= 1 << (bit % 8)
      let restored = try RestoredMeasurements(flipped.span, .little)
      return restored.entries.first != whole.entries.first || restored.entries == whole.entries
    }

    #expect(wrong == [] && whole.entries.count > 1)
  }

  /// What is restored, and whether something is wrong.
  private static func restored(from bytes: [UInt8]) -> (entries: [MeasurementEntry], isBad: Bool) {
    guard let restored = try? RestoredMeasurements(bytes.span, .little) else { return ([], true) }
    return (restored.entries, restored.problem != nil)
  }

  /// The measurements of a list with any registers.
  private static func entries(of list: [UInt8]) throws -> [MeasurementEntry] {
    if let read = try? MeasurementList(list.span, .little) { return read.entries }
    var header: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0]
    for number in [24 + list.count, 1 << 40] {
      header += (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
    let bytes = header + list
    let restored = try RestoredMeasurements(bytes.span, .little)
    if let problem = restored.problem { throw problem }
    return restored.entries
  }
}
