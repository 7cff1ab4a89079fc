// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `A core header as text` {
  @Test func `is a table with the role of each segment`() throws {
    let result = try dtfix("show", Self.oracle("pseries-7.2-kf"))

    #expect(result.status == 0)
    #expect(result.errors == "")
    #expect(
      result.text == """
        core header for ppc64le, little-endian, 4096 bytes, 7 program headers
          # Type Offset     VirtAddr           PhysAddr   FileSiz    MemSiz     Flg Role
          0 NOTE 0x7feea400 0x0                0x7feea400 0x218      0x218      --- CPU note 0
          1 NOTE 0x7ff0a400 0x0                0x7ff0a400 0x218      0x218      --- CPU note 1
          2 NOTE 0x13e0000  0x0                0x13e0000  0x10024    0x10024    --- vmcoreinfo
          3 LOAD 0x208d0000 0xc000000000000000 0x0        0x10000    0x10000    RWE backup
          4 LOAD 0x10000    0xc000000000010000 0x10000    0x1fff0000 0x1fff0000 RWE memory
          5 LOAD 0x2fff0000 0xc00000002fff0000 0x2fff0000 0x83c      0x83c      RWE memory
          6 LOAD 0x38000000 0xc000000038000000 0x38000000 0x48000000 0x48000000 RWE memory

        """)
  }

  @Test(arguments: ["arm64-virt-6.12-kf", "arm64-virt-6g-highlow-6.12-kf", "riscv64-virt-7.2-kf"])
  func `has the numbers of readelf`(name: String) throws {
    let file = try Self.oracle(name)

    let result = try dtfix("show", file)

    let rows = try run("readelf", ["-lW", file]).text.split(separator: "\n")
      .map { $0.split(separator: " ") }
    let theirs: [[Substring]] = rows.filter { $0.first == "NOTE" || $0.first == "LOAD" }
      .map { [$0[0]] + $0[1...5].map(withoutZeros) }
    let ours = result.text.split(separator: "\n").dropFirst(2)
      .map { Array($0.split(separator: " ")[1...6]) }
    #expect(ours == theirs)
    #expect(ours.count > 5)
  }

  @Test(arguments: [
    ("arm64-virt-6.12-kf", ["cpuNote", "cpuNote", "vmcoreinfo", "kernelText", "memory", "memory"]),
    (
      "riscv64-virt-7.2-kf", ["cpuNote", "cpuNote", "vmcoreinfo", "kernelText", "memory", "memory"]
    ),
    (
      "pseries-7.2-kf",
      ["cpuNote", "cpuNote", "vmcoreinfo", "backup", "memory", "memory", "memory"]
    ),
  ])
  func `is JSON with the same roles`(name: String, roles: [String]) throws {
    let result = try dtfix("show", "--json", Self.oracle(name))

    #expect(result.status == 0)
    #expect(
      try python(#"" ".join(s["role"] for s in json["segments"])"#, on: result)
        == roles.joined(separator: " "))
  }

  @Test(arguments: [
    (
      #"json["machine"], json["architecture"], json["byteOrder"], json["size"]"#,
      "183 aarch64 little 4096"
    ),
    (#"json["segments"][1]["note"]"#, "1"), (#""note" in json["segments"][2]"#, "False"),
    (#"json["segments"][4]["virtualAddress"]"#, "0xffff3a8440000000"),
    (#"json["segments"][4]["size"]"#, "0x51400000"), (#"json["segments"][4]["flags"]"#, "7"),
  ])
  func `is read by Python as JSON`(expression: String, value: String) throws {
    let result = try dtfix("show", "--json", Self.oracle("arm64-virt-6.12-kf"))

    #expect(try python(expression, on: result) == value)
  }

  @Test func `comes from standard input`() throws {
    let file = try Self.oracle("arm64-virt-6.12-kf")

    let piped = try run(dtfixPath, ["show", "-"], input: contents(of: file))

    #expect(piped.status == 0)
    #expect(try piped.output == dtfix("show", file).output)
  }

  @Test(arguments: [
    ("truncate -s 63 in", "ends"), ("truncate -s 100 in", "ends"),
    (#"printf '\1' | dd of=in seek=4 conv=notrunc bs=1 status=none"#, "offset 0x4"),
    (#"printf '\2' | dd of=in seek=16 conv=notrunc bs=1 status=none"#, "ELF: program header 0"),
  ])
  func `is refused when it is none`(script: String, part: String) throws {
    let place = try Workplace()
    try write(contents(of: Self.oracle("arm64-virt-6.12-kf")), to: place / "in")
    let change = try run("bash", ["-ec", script], in: place.folder.path)
    try #require(change.status == 0, "\(change.errors)")

    let result = try dtfix("show", place / "in")

    expectRefusal(result, 65, place / "in", part)
  }

  private static func oracle(_ name: String) throws -> String {
    try Fixtures.machine(name) + "/oracle/kernel-elfcorehdr.bin"
  }
}

/// readelf pads its numbers.
private func withoutZeros(_ number: Substring) -> Substring {
  let digits = number.dropFirst(2).drop { $0 == "0" }
  return "0x" + (digits.isEmpty ? "0" : digits)
}
