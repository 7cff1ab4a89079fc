// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `Measurements as text` {
  /// The values are those of the kernel's own text, `lists/x86_64-ima.txt`.
  @Test func `are a table with a line for each`() throws {
    let result = try dtfix("show", Self.list("x86_64-ima"))

    #expect(result.status == 0)
    #expect(result.errors == "")
    #expect(
      result.text == #"""
        measurement list, little-endian, 460 bytes, 7 measurements
          PCR Template Algorithm Digest                                   Name
          10  ima      sha1      0000000000000000000000000000000000000000 boot_aggregate
          10  ima      sha1      4a2408733a5956bbca1688892375de8c1a6474ce /init
          10  ima      sha1      8767966bdacd570b3b02601c7c8c86855cf58337 /bin/busybox
          10  ima      sha1      499735f636c3ecb3909dafca2ebe763ef01d07e8 /with_a_space
          10  ima      sha1      89b13ebfeb9c129cee88f7edd95f1f3fe6f85a76 /an\u{1b}[31m_escape
          10  ima      sha1      (violation)                              /written
          10  ima      sha1      da39a3ee5e6b4b0d3255bfef95601890afd80709 /written

        """#)
  }

  @Test(arguments: ["s390x-evm-sig", "x86_64-ima-buf", "x86_64-ima-sigv2"])
  func `are JSON with the words of the kernel's text`(name: String) throws {
    let words = try String(decoding: contents(of: Self.list(name, "txt")), as: UTF8.self)
      .split(separator: "\n").map { line in
        let words = line.split(separator: " ")
        let digest = words[3].split(separator: ":").last ?? ""
        return "\(words[0]) \(words[1]) \(words[2]) \(digest) \(words[4])"
      }

    let result = try dtfix("show", "--json", Self.list(name))

    let script = """
      "\\n".join(f"{m['pcr']} {m['templateDigest']} {m['template']} {m['digest']} {m['name']}"
                 for m in json["measurements"])
      """
    #expect(result.status == 0)
    #expect(try python(script, on: result) == words.joined(separator: "\n"))
  }

  @Test(arguments: [
    ("good", "measurement buffer, little-endian, 743 bytes, 7 measurements"),
    ("count-too-large", "measurement buffer, little-endian, 743 bytes, 7 measurements of 8"),
    ("count-zero", "measurement buffer, little-endian, 743 bytes, 0 measurements"),
  ])
  func `are those of a buffer as a kernel restores it`(name: String, head: String) throws {
    let result = try dtfix("show", Fixtures.measurements() + "/buffers/\(name).buffer")

    #expect(result.status == 0)
    #expect(result.text.split(separator: "\n").first.map(String.init) == head)
  }

  @Test(arguments: [
    (
      "unknown-template",
      "offset 0x90: measurement 2: kernels have no template \"ima-xx\", and it is no format of fields"
    ),
    (
      "data-size-huge",
      "offset 0x9a: measurement 2: the data has 4294967295 bytes, and 146 are left"
    ),
    ("version-2", "offset 0x0: version 2 of a measurement buffer; kernels read version 1"),
    ("legacy", "offset 0x18: measurement 1: template ima; kernels restore only lists without it"),
  ])
  func `are refused in one line`(name: String, message: String) throws {
    let path = try Fixtures.measurements() + "/buffers/\(name).buffer"

    let result = try dtfix("show", path)

    #expect(result.status == 65)
    #expect(result.output.isEmpty)
    #expect(result.errors == "dtfix: \(path): \(message)\n")
  }

  @Test func `may come from a pipe, and end too early`() throws {
    let list = try Array(contents(of: Self.list("s390x-ima-sig")).dropLast())

    let result = try dtfix("show", "-", input: list)

    #expect(result.status == 65)
    #expect(
      result.errors
        == "dtfix: standard input: offset 0x292: measurement 7: the data has 61 bytes, and 60 are left\n"
    )
  }

  private static func list(_ name: String, _ kind: String = "list") throws -> String {
    try Fixtures.measurements() + "/lists/\(name).\(kind)"
  }
}
