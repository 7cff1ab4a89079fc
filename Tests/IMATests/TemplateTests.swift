// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import IMA
import Testing

@Suite struct `A template` {
  /// `builtin_templates` and their formats in Linux 7.2 `security/integrity/ima/ima_template.c`.
  @Test(arguments: [
    ("ima", "d|n"), ("ima-ng", "d-ng|n-ng"), ("ima-sig", "d-ng|n-ng|sig"),
    ("ima-ngv2", "d-ngv2|n-ng"), ("ima-sigv2", "d-ngv2|n-ng|sig"), ("ima-buf", "d-ng|n-ng|buf"),
    ("ima-modsig", "d-ng|n-ng|sig|d-modsig|modsig"),
    ("evm-sig", "d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode"),
  ])
  func `has the fields of its format`(name: String, format: String) {
    let template = MeasurementTemplate(named: name)
    let spelledOut = MeasurementTemplate(named: format)

    #expect(template?.fields.map(\.rawValue).joined(separator: "|") == format)
    #expect(spelledOut?.fields == template?.fields && template != nil)
    #expect(spelledOut?.name == format)
  }

  @Test(arguments: MeasurementField.allCases)
  func `is any field by itself`(field: MeasurementField) throws {
    var entry = RawEntry(field.rawValue)
    entry.fields = [[1, 2, 3, 4]]

    let bytes = entry.bytes(.big)
    let list = try MeasurementList(bytes.span)

    #expect(list.entries.map { $0[field] } == [[1, 2, 3, 4]])
    #expect(list.entries[0].number(field) == 0x0102_0304)
  }

  /// 15 fields and 68 bytes: `IMA_TEMPLATE_NUM_FIELDS_MAX`, `MAX_TEMPLATE_NAME_LEN`.
  @Test func `has a bounded number of fields and bytes`() {
    func format(_ field: String, _ count: Int) -> String {
      Array(repeating: field, count: count).joined(separator: "|")
    }

    #expect(MeasurementTemplate(named: format("n", 15))?.fields.count == 15)
    #expect(MeasurementTemplate(named: format("n", 16)) == nil)
    #expect(MeasurementTemplate(named: format("d-ng", 12) + "|evmsig|n")?.name.count == 68)
    #expect(MeasurementTemplate(named: format("iuid", 14)) == nil, "69 bytes")
  }

  @Test(arguments: ["", "|", "ima-", "IMA-NG", "d-ng |n-ng", "d-ng|n-ng|", "ima-ng\0", "x", "é"])
  func `is nothing else`(name: String) {
    #expect(MeasurementTemplate(named: name) == nil)
  }

  /// A digest and what made it: `ima_template_lib.c:ima_eventdigest_init_common`.
  @Test(arguments: [
    ("d-ng", "sha256:\0ab", "sha256", nil), ("d-ngv2", "verity:sha512:\0ab", "sha512", "verity"),
    ("d-ng", "sha256:\0", "sha256", nil),
  ])
  func `tells what made a digest`(
    field: String, content: String, algorithm: String, type: String?
  ) throws {
    var entry = RawEntry(field)
    entry.fields = [Array(content.utf8)]

    let bytes = entry.bytes()
    let digest = try MeasurementList(bytes.span).entries[0].digest

    #expect(digest?.algorithm == algorithm && digest?.type == type)
    #expect(digest?.bytes == Array(content.utf8.drop { $0 != 0 }.dropFirst()))
  }

  @Test(arguments: [
    ("d-ng", ""), ("d-ng", "sha256:"), ("d-ng", "sha256\0ab"), ("d-ng", ":\0ab"),
    ("d-ngv2", "a:b:c:\0ab"), ("d-ng", "sha\u{1b}:\0ab"), ("d", "short"), ("n", "/file"),
  ])
  func `tells no digest where there is none`(field: String, content: String) throws {
    var entry = RawEntry(field)
    entry.fields = [Array(content.utf8)]

    let bytes = entry.bytes()
    #expect(try MeasurementList(bytes.span).entries[0].digest == nil)
  }
}
