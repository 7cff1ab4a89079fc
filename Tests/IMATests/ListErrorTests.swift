// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import IMA
import TestSupport
import Testing

@Suite struct `A list that is no kernel's` {
  /// A good measurement of 92 bytes, a bad one, and what is said of it.
  struct Case: CustomTestStringConvertible {
    let message: String
    let bad: RawEntry
    var testDescription: String { message }

    init(
      _ message: String, _ name: String = "ima-ng", _ change: (inout RawEntry) -> Void = { _ in }
    ) {
      var bad = RawEntry(name)
      change(&bad)
      (self.message, self.bad) = (message, bad)
    }
  }

  @Test(arguments: [
    Case("offset 0x5c: measurement 2: PCR 64; policies have 0 to 63") { $0.register = 64 },
    Case("offset 0x74: measurement 2: the template's name has 0 bytes; kernels take 1 to 68", ""),
    Case(
      "offset 0x74: measurement 2: the template's name has 4294967295 bytes; kernels take 1 to 68"
    ) {
      $0.nameSize = .max
    },
    Case(
      "offset 0x78: measurement 2: kernels have no template \"ima-xx\", and it is no format of fields",
      "ima-xx"),
    Case(
      "offset 0x78: measurement 2: kernels have no template \"d-ng|\", and it is no format of fields",
      "d-ng|"),
    Case(
      "offset 0x78: measurement 2: kernels have no template \"a\\u{1B}[m\\nb\", and it is no format of "
        + "fields", "a\u{1b}[m\nb"),
    Case("offset 0x82: measurement 2: the data has 4294967295 bytes, and 54 are left") {
      $0.dataSize = .max
    },
    Case("offset 0x82: measurement 2: the data has 55 bytes, and 54 are left") { $0.dataSize = 55 },
    Case("offset 0xb2: measurement 2: field n-ng has 6 bytes, and 5 are left") { $0.dataSize = 53 },
    Case("offset 0xae: measurement 2: the size of field n-ng has 4 bytes, and 3 are left") {
      $0.dataSize = 47
    },
    Case("offset 0xb8: measurement 2: 1 byte after the last field of its template") {
      $0.after = [0]
    },
    Case(
      "offset 0xb9: measurement 2: the size of field sig has 4 bytes, and 0 are left", "ima-sig"),
    Case(
      "offset 0x8f: measurement 2: the file's name has 256 bytes; template ima has up to 255", "ima"
    ) { $0.makeLegacy(nameSize: 256) },
    Case("offset 0x93: measurement 2: field n has 6 bytes, and 5 are left", "ima") {
      $0.makeLegacy(nameSize: 6)
    },
  ])
  func `is refused with the place and the rule`(bad: Case) {
    let bytes = RawEntry().bytes() + bad.bad.bytes()

    #expect(problem(of: bytes)?.description == bad.message)
  }

  @Test func `tells its byte order by a template's name that has a size`() {
    let zeros = [UInt8](repeating: 0, count: 64)
    let text = Array("Neither is this text a list of what was measured.".utf8)
    var high = RawEntry()
    high.register = 64

    for bytes in [zeros, text, high.bytes(), Array(RawEntry().bytes()[..<27])] {
      #expect(MeasurementList.byteOrder(of: bytes.span) == nil)
    }
    #expect(MeasurementList.byteOrder(of: RawEntry().bytes(.big).span) == .big)
  }
}

extension RawEntry {
  /// The template `ima`, in which the size of the data is a part of the digest: 20 bytes, the size of
  /// the name and 5 bytes of it.
  fileprivate mutating func makeLegacy(nameSize: UInt32) {
    name = Array("ima".utf8)
    fields = []
    dataSize = 0
    let size = (0..<4).map { UInt8(truncatingIfNeeded: nameSize >> (8 * $0)) }
    after = [UInt8](repeating: 0xbb, count: 16) + size + Array("/file".utf8)
  }
}
