// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Options of dd, to overwrite single bytes.
private let over = "conv=notrunc bs=1 status=none"

@Suite struct `An input that is no tree` {
  @Test(arguments: [
    ("the file is missing", "rm in", 66, "no such file"),
    ("the folder is missing", "mv in x; ln -s nowhere/x in", 66, "no such file"),
    ("it is an empty folder", "rm in; mkdir in", 65, "it is empty"),
    ("it is empty", ": >in", 65, "offset 0x0"),
    ("it is one byte", "truncate -s 1 in", 65, "offset 0x1"),
    ("it never ends", "ln -sf /dev/zero in", 65, "MiB"),
    ("it is text", "seq 99 >in", 65, "0xd00dfeed"),
    (
      "it has the other byte order", "dd if=in of=in conv=swab,notrunc status=none", 65,
      "0xd00dfeed"
    ),
    ("its first byte is wrong", "printf x | dd of=in \(over)", 65, "offset 0x0"),
    ("only its magic is there", "truncate -s 4 in", 65, "ends before"),
    ("its header is cut", "truncate -s 39 in", 65, "ends before"),
    ("its reservations are cut", "truncate -s 50 in", 65, "ends before"),
    ("its last byte is missing", "truncate -s -1 in", 65, "ends before"),
    ("it is packed", "gzip in; mv in.gz in", 65, "0xd00dfeed"),
    ("it is a source", "echo '/dts-v1/; / { };' >in", 65, "0xd00dfeed"),
    ("its version is 15", "printf '\\017' | dd of=in seek=23 \(over)", 65, "16 and 17"),
    ("it says it is huge", "printf x | dd of=in seek=4 \(over)", 65, "ends before"),
    ("its root has no cells", "fdtput -d in / '#address-cells'", 65, "#address-cells"),
    ("its root has 3 cells", "fdtput -t i in / '#size-cells' 3", 65, "#size-cells"),
    ("its initrd has no end", "fdtput -d in /chosen linux,initrd-end", 65, "linux,initrd-end"),
  ])
  func `is refused in one line`(what: String, script: String, status: Int32, text: String) throws {
    let place = try Workplace()
    let change = try run("bash", ["-ec", "mv board.dtb in; \(script)"], in: place.folder.path)
    try #require(change.status == 0, "\(change.errors)")
    let before = try place.files()

    let result = try dtfix("--for-kexec", "-i", place / "in", "-o", place / "next.dtb")

    expectRefusal(result, status, "dtfix: \(place / "in"): ", text)
    #expect(try place.files() == before)
  }

  @Test(arguments: ["", "not a tree", String(repeating: "x", count: 5000)])
  func `is refused from standard input`(text: String) throws {
    let place = try Workplace()

    let result = try run(
      dtfixPath, ["--for-kexec", "-i", "-", "-o", place / "next.dtb"], input: Array(text.utf8))

    expectRefusal(result, 65, "standard input: ")
    #expect(try place.names() == ["board.dtb"])
  }

  @Test(arguments: [("</dev/zero", 65), ("<&-", 74), ("<.", 66)])
  func `is refused from an unusual standard input`(redirection: String, status: Int32) throws {
    let result = try shell(#"cd /; "$dtfix" --for-kexec -i - -o /nowhere/x \#(redirection)"#)

    expectRefusal(result, status, "standard input: ")
  }

  @Test(arguments: [
    ["show", "bad"], ["diff", "bad", "board.dtb"], ["diff", "board.dtb", "bad"],
    ["show", "--json", "bad"], ["diff", "--json", "board.dtb", "bad"],
    ["--for-kexec", "-i", "bad"], ["--for-kexec", "-i", "board.dtb", "--overlay", "bad"],
  ])
  func `is refused by every command`(command: [String]) throws {
    let place = try Workplace()

    let missing = try run(dtfixPath, command, in: place.folder.path)
    try write(Array("junk".utf8), to: place / "bad")
    let junk = try run(dtfixPath, command, in: place.folder.path)

    expectRefusal(missing, 66, "dtfix: bad: no such file")
    expectRefusal(junk, 65, "dtfix: bad: offset 0x0: ")
  }

  @Test(arguments: (0..<20).map { $0 * 97 })
  func `is refused wherever it is cut`(size: Int) throws {
    let place = try Workplace()
    try write(Array(contents(of: place.board).prefix(size)), to: place.board)

    let result = try dtfix("--for-kexec", "-i", place.board)

    expectRefusal(result, 65, place.board)
  }
}

@Suite struct `A tree of more than 2 MiB` {
  @Test(arguments: [
    #"compatible = "arm,cortex-a53";"#, #"compatible = "riscv"; riscv,isa = "rv64imac";"#,
  ])
  func `is refused where the kernel does not map it`(cpu: String) throws {
    let place = try Workplace(blob: largeTree(cpu))

    let result = try dtfix("--for-kexec", "-i", place.board, "-o", place / "next.dtb")

    expectRefusal(result, 65, place.board, "2097152", "_FDT_SIZE")
    #expect(try place.names() == ["board.dtb"])
  }

  @Test func `is made where the kernel does`() throws {
    let place = try Workplace(blob: largeTree(#"compatible = "arm,cortex-a15";"#))

    let result = try dtfix("--for-kexec", "-i", place.board, "-o", place / "next.dtb")

    expectSilence(result)
  }

  /// A tree with a CPU and 2 MiB of zeros.
  private func largeTree(_ cpu: String) throws -> [UInt8] {
    let zeros = try TemporaryFolder()
    try write(Array(repeating: 0, count: 2 << 20), to: zeros / "zeros")
    return try Fixtures.compile(
      """
      /dts-v1/;
      / {
        #address-cells = <1>; #size-cells = <1>; large = /incbin/("\(zeros / "zeros")");
        cpus {
          #address-cells = <1>; #size-cells = <0>;
          cpu@0 { device_type = "cpu"; \(cpu) reg = <0>; };
        };
      };
      """)
  }
}
