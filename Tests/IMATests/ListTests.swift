// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import Foundation
import IMA
import TestSupport
import Testing

@Suite struct `A measurement list` {
  /// The other reader is the kernel that made the list: `ascii_runtime_measurements`.
  @Test(arguments: capturedLists)
  func `says what its kernel says`(name: String) throws {
    let theirs = try contents(of: Fixtures.measurements() + "/lists/\(name).txt")

    let bytes = try captured(name)
    let list = try MeasurementList(bytes.span)

    let ours = list.entries.map { line($0) + "\n" }.joined()
    #expect(ours == String(decoding: theirs, as: UTF8.self))
    #expect(list.entries.count >= 7)
    #expect(list.entries.filter(\.isViolation).count == 1)
  }

  @Test(arguments: capturedLists)
  func `tells its byte order`(name: String) throws {
    let isBigEndian = name.hasPrefix("s390x") && !name.contains("canonical")

    let bytes = try captured(name)
    let list = try MeasurementList(bytes.span)

    #expect(list.byteOrder == (isBigEndian ? .big : .little))
    #expect(throws: MeasurementError.self) {
      try MeasurementList(bytes.span, isBigEndian ? .little : .big)
    }
  }

  @Test(arguments: capturedLists)
  func `is written as it was read`(name: String) throws {
    let bytes = try captured(name)

    #expect(try MeasurementList(bytes.span).bytes == bytes)
  }

  /// `ima_canonical_fmt` changes the digests as well: they are made of the bytes in this order.
  @Test func `of a big-endian kernel in canonical order is that of a little-endian one`() throws {
    let files = try ["x86_64-evm-sig", "s390x-canonical-evm-sig", "s390x-evm-sig"].map(captured)
    let lists = try files.map { try MeasurementList($0.span).entries }

    // All but the program that is run: that of another architecture is another file.
    let common = [0, 1, 3, 4, 5, 6]
    #expect(common.allSatisfy { lists[0][$0] == lists[1][$0] })
    #expect(common.allSatisfy { lists[0][$0][.digest] == lists[2][$0][.digest] })
    #expect(common.allSatisfy { lists[0][$0].number(.mode) == lists[2][$0].number(.mode) })
    #expect(lists[0][1].templateDigest != lists[2][1].templateDigest)
  }

  @Test(arguments: ["x86_64-ima-buf", "x86_64-ima", "s390x-evm-sig"])
  func `ends only between measurements`(name: String) throws {
    let bytes = try captured(name)
    let list = try MeasurementList(bytes.span)

    var whole: [Int] = []
    for length in 0...bytes.count {
      let cut = Array(bytes[..<length])
      guard let error = problem(of: cut, list.byteOrder) else {
        let entries = try MeasurementList(cut.span, list.byteOrder).entries
        #expect(entries == Array(list.entries[..<whole.count]))
        whole.append(length)
        continue
      }
      #expect(error.offset <= length && error.number == whole.count)
      guard case .endsInside = error.problem else { throw error }
    }

    #expect(whole.count == list.entries.count + 1)
  }

  @Test(arguments: ["x86_64-ima-buf", "x86_64-ima", "s390x-evm-sig"])
  func `with a flipped bit is refused, or another list`(name: String) throws {
    let bytes = try captured(name)
    let list = try MeasurementList(bytes.span)

    var refused = 0
    let wrong = try (0..<(8 * bytes.count)).filter { bit in
      var flipped = bytes
      flipped[bit / 8] ^= 1 << (bit % 8)
      if let error = problem(of: flipped, list.byteOrder) {
        refused += 1
        return error.offset > bytes.count || error.number == nil
      }
      let other = try MeasurementList(flipped.span, list.byteOrder)
      return other.bytes != flipped || other.entries == list.entries
    }

    #expect(wrong == [])
    #expect(refused > bytes.count)
  }

  @Test func `of nothing has no measurements, and no byte order of its own`() throws {
    let none: [UInt8] = []

    #expect(try MeasurementList(none.span, .big).entries.isEmpty)
    #expect(throws: MeasurementError(offset: 0, number: nil, problem: .noList)) {
      try MeasurementList(none.span)
    }
  }

  /// As `ima_ascii_measurements_show` prints it.
  private func line(_ entry: MeasurementEntry) -> String {
    let fields = entry.template.fields.map { field -> String in
      guard let bytes = entry[field], !bytes.isEmpty else { return "" }
      switch field {
      case .owner, .group, .mode: return entry.number(field).map(String.init) ?? "?"
      case .name, .shortName:
        return String(decoding: entry.nameBytes ?? [], as: UTF8.self)
      case .digest, .typedDigest:
        let digest = entry.digest
        let words = [digest?.type, digest?.algorithm].compactMap(\.self)
        return (words + [hexText(digest?.bytes ?? [])]).joined(separator: ":")
      default: return hexText(bytes)
      }
    }
    let head = String(format: "%2d ", entry.register) + hexText(entry.templateDigest)
    return ([head, entry.template.name] + fields).joined(separator: " ")
  }
}

private func hexText(_ bytes: [UInt8]) -> String {
  bytes.map { String(format: "%02x", $0) }.joined()
}
