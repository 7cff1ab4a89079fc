// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `A kernel file as text` {
  private let kernel = KernelBuilder.arm64Image(size: 30_000, imageSize: 0x2_0000)

  @Test func `says all that a loader needs`() throws {
    let place = try TemporaryFolder()
    try write(kernel, to: place / "Image")

    let result = try dtfix("image", place / "Image")

    #expect(result.status == 0)
    #expect(result.errors == "")
    #expect(
      result.text == """
        kernel       arm64 Image for aarch64
        byte order   little-endian
        page size    4096
        size         30000
        memory       0x20000
        alignment    0x200000
        entry        load address + 0x0

        """)
  }

  @Test func `says what is packed in what`() throws {
    let place = try TemporaryFolder()
    try write(try unified(), to: place / "linux.efi")

    let text = try dtfix("image", place / "linux.efi").text
    let layers = try dtfix("image", "--layers", place / "linux.efi").text

    #expect(
      text.contains("layers       unified kernel image > EFI zboot (zstd) > arm64 Image\n"))
    #expect(text.contains(".cmdline     \"root=/dev/vda quiet\"\n"))
    #expect(text.contains(".initrd      5 bytes\n"))
    let lines = layers.split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines.first?.hasPrefix("0 unified kernel image, ") == true)
    #expect(lines.last == "2 arm64 Image, 30000 bytes")
  }

  @Test func `is the same as JSON`() throws {
    let place = try TemporaryFolder()
    try write(try unified(), to: place / "linux.efi")

    let result = try dtfix("image", "--json", place / "linux.efi")

    #expect(
      try python(
        "[json['architecture'], json['memorySize'], json['pageSize'], json['alignment']]",
        on: result) == "['aarch64', '0x20000', 4096, '0x200000']")
    #expect(
      try python("[(l['format'], l.get('compression')) for l in json['layers']]", on: result)
        == "[('unified kernel image', None), ('EFI zboot', 'zstd'), ('arm64 Image', None)]")
    #expect(
      try python("json['segments']", on: result)
        == "[{'fileOffset': 0, 'fileSize': 30000, 'offset': '0x0', 'memorySize': '0x20000'}]")
    #expect(
      try python("[s['text'] for s in json['sections'] if s['name'] == '.cmdline']", on: result)
        == "['root=/dev/vda quiet']")
  }

  /// Its parts are good for who builds such files; only the kernel is not loaded.
  @Test func `says what comes with a kernel that is not loaded`() throws {
    let place = try TemporaryFolder()
    let kernel = KernelBuilder.bzImage()
    let sections = [(".cmdline", Array("quiet\n".utf8)), (".linux", kernel)]
    try write(KernelBuilder.program(machine: 0x8664, sections: sections), to: place / "linux.efi")

    let text = try dtfix("image", place / "linux.efi")
    let json = try dtfix("image", "--json", place / "linux.efi")
    let extracted = try dtfix("image", "--extract", place / "linux.efi", "-o", place / "out")

    let error =
      "dtfix: \(place / "linux.efi"): unified kernel image: x86 bzImage: kexec of such a file is not supported\n"
    #expect(
      text.text == """
        kernel       x86 bzImage, not loaded here
        layers       unified kernel image > x86 bzImage
        size         \(kernel.count)
        .cmdline     "quiet"
        .linux       \(kernel.count) bytes

        """)
    #expect(try python("json['sections'][0]['text']", on: json) == "quiet")
    #expect(extracted.text == "")
    #expect((try? contents(of: place / "out")) == nil)
    for result in [text, json, extracted] {
      #expect(result.status == 69)
      #expect(result.errors == error)
    }
  }

  @Test func `is shown like all that dtfix knows`() throws {
    let place = try TemporaryFolder()
    var elf = KernelBuilder.ELF()
    elf.segments = [
      .init(virtual: elf.entry, physical: 0, memorySize: 0x1000, bytes: [1, 2, 3, 4])
    ]
    for (name, bytes) in ["Image": kernel, "vmlinux": elf.bytes] {
      try write(bytes, to: place / name)

      let shown = try dtfix("show", place / name)
      let json = try dtfix("show", "--json", place / name)

      #expect(shown.status == 0)
      #expect(try shown.text == dtfix("image", place / name).text)
      #expect(try json.text == dtfix("image", "--json", place / name).text)
    }
  }

  @Test func `gives the kernel itself`() throws {
    let place = try TemporaryFolder()
    try write(try unified(), to: place / "linux.efi")

    let result = try dtfix("image", place / "linux.efi", "--extract", "-o", place / "Image")
    let piped = try run(
      dtfixPath, ["image", "-", "--extract"], input: contents(of: place / "linux.efi"))

    #expect(result.status == 0)
    #expect(result.text == "")
    #expect(result.errors == "")
    #expect(try contents(of: place / "Image") == kernel)
    #expect(piped.output == kernel)
  }

  /// `readelf` reads the same from an ELF kernel.
  @Test func `agrees with readelf`() throws {
    let place = try TemporaryFolder()
    var elf = KernelBuilder.ELF()
    elf.machine = 243
    elf.entry = 0xffff_ffff_8000_0010
    elf.segments = [
      .init(
        virtual: 0xffff_ffff_8000_0000, physical: 0x8020_0000, memorySize: 0x3000,
        bytes: Array(repeating: 1, count: 77)),
      .init(virtual: 0xffff_ffff_8040_0000, physical: 0x8060_0000, memorySize: 0x5000),
    ]
    try write(elf.bytes, to: place / "vmlinux")

    let result = try dtfix("image", place / "vmlinux")
    let theirs = try run("readelf", ["-hlW", place / "vmlinux"])

    #expect(theirs.errors == "")
    #expect(theirs.text.contains("0xffffffff80000010"))
    #expect(theirs.text.contains("0x0000000080600000 0x000000 0x005000"))
    #expect(result.text.contains("entry        load address + 0x10\n"))
    #expect(result.text.contains("linked at    0x80200000\n"))
    #expect(result.text.contains("memory       0x405000\n"))
    #expect(
      result.text.contains(
        "segment      0xfd+0x0 at load address + 0x400000, 0x5000 in memory\n"))
  }

  @Test func `does not steer the terminal`() throws {
    let place = try TemporaryFolder()
    let sections = [(".linux", kernel), (".cmdline", Array("a\u{1b}[2Jb".utf8))]
    try write(KernelBuilder.program(sections: sections), to: place / "linux.efi")

    let result = try dtfix("image", place / "linux.efi")

    #expect(result.text.contains(#""a\u{1b}[2Jb""#))
    #expect(!result.output.contains(0x1b))
  }

  /// A file of 4 GiB that has nothing but a header: the rest is not read.
  @Test func `is described from its headers alone`() throws {
    let place = try TemporaryFolder()
    try write(KernelBuilder.arm64Image(imageSize: 1 << 32), to: place / "Image")
    try run("truncate", ["-s", "4G", place / "Image"])

    let result = try run("python3", ["-c", Self.measure, dtfixPath, "image", place / "Image"])

    #expect(result.text.contains("size         4294967296\n"))
    #expect(result.text.contains("memory       0x100000000\n"))
    let resident = result.text.split(separator: "\n").last.flatMap { Int($0) }
    #expect(try #require(resident) < 64 << 10)
  }

  /// Memory is the file, the kernel, and what unpacking takes.
  @Test(arguments: ["gzip -1", "zstd -19 --long=27", "xz -1", "xz -1 --format=lzma", "lz4 -l"])
  func `takes no more memory than file, kernel and 256 MiB`(command: String) throws {
    let place = try TemporaryFolder()
    try write(KernelBuilder.arm64Image(imageSize: 1 << 26), to: place / "Image")
    try run("truncate", ["-s", "64M", place / "Image"])
    try shell(command + " -c \"$1\" >\"$1\".packed", place / "Image")

    let result = try run(
      "python3",
      [
        "-c", Self.measure, dtfixPath, "image", "--extract", place / "Image.packed", "-o",
        place / "out",
      ])

    #expect(try run("cmp", [place / "Image", place / "out"]).status == 0)
    let resident = try #require(Int(result.text.split(separator: "\n").last ?? ""))
    #expect(resident < (64 + 256) << 10)
  }

  @Test func `takes no more memory from a pipe than the file is long`() throws {
    let place = try TemporaryFolder()
    try write(KernelBuilder.arm64Image(imageSize: 1 << 28), to: place / "Image")
    try run("truncate", ["-s", "200M", place / "Image"])

    let result = try shell(
      "cat \"$1\" | python3 -c \"$2\" \"$dtfix\" image -", place / "Image", Self.measure)

    #expect(result.text.contains("size         209715200\n"))
    let resident = try #require(Int(result.text.split(separator: "\n").last ?? ""))
    #expect(resident < (200 + 32) << 10)
  }

  /// Runs a command, and prints the KiB that it had in memory.
  private static let measure = """
    import resource, subprocess, sys
    subprocess.run(sys.argv[1:])
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    """

  private func unified() throws -> [UInt8] {
    let payload = try run("zstd", ["-c"], input: kernel).output
    let zboot = KernelBuilder.zboot("zstd", payload: payload, size: UInt32(kernel.count))
    return KernelBuilder.program(sections: [
      (".cmdline", Array("root=/dev/vda quiet\n\0".utf8)), (".initrd", [1, 2, 3, 4, 5]),
      (".linux", zboot),
    ])
  }
}

@Suite struct `A kernel file that cannot be loaded` {
  @Test(
    arguments: [
      ([], 65, "an empty file"), (Array("text".utf8), 65, "not a kernel"),
      (KernelBuilder.arm64Image(imageSize: 0), 65, "arm64 Image: offset 0x10: image_size is 0x0"),
      (KernelBuilder.program(sections: [(".text", [1])]), 69, "PE/COFF: "),
    ] as [([UInt8], Int32, String)])
  func `is reported in one line`(bytes: [UInt8], status: Int32, text: String) throws {
    let place = try TemporaryFolder()
    try write(bytes, to: place / "file")

    let result = try dtfix("image", place / "file", "--extract", "-o", place / "out")

    expectRefusal(result, status, "\(place / "file"): \(text)")
    #expect(try run("test", ["-e", place / "out"]).status == 1)
  }

  @Test(arguments: [("/nonexistent", 66), ("/", 66), ("/dev/zero", 65), ("/dev/null", 65)])
  func `may be no file`(path: String, status: Int32) throws {
    expectRefusal(try dtfix("image", path), status, path)
  }

  @Test(arguments: [
    (["image"], "file"), (["image", "x", "-o", "y"], "--extract"),
    (["image", "x", "--extract", "--json"], "--json"),
    (["image", "x", "--profile", "one"], "profile"),
    (["image", "x", "--layers", "--json"], "--layers"),
  ])
  func `is not looked for with wrong arguments`(arguments: [String], part: String) throws {
    expectUsageError(try dtfix(arguments), part)
  }

  @Test func `may lack a profile`() throws {
    let place = try TemporaryFolder()
    let bytes = KernelBuilder.program(sections: [(".linux", KernelBuilder.arm64Image())])
    try write(bytes, to: place / "linux.efi")

    expectRefusal(
      try dtfix("image", place / "linux.efi", "--profile", "1"), 64, "there is no profile 1")
  }

  /// As `ukify --join-profile` makes them: the base is no profile that starts.
  @Test func `may have its kernels in later profiles`() throws {
    let place = try TemporaryFolder()
    let kernel = KernelBuilder.arm64Image()
    let bytes = KernelBuilder.program(sections: [
      (".cmdline", Array("none".utf8)), (".profile", Array("ID=base".utf8)),
      (".profile", Array("ID=rescue\nTITLE=Say \"help\"\n".utf8)), (".linux", kernel),
    ])
    try write(bytes, to: place / "linux.efi")

    let first = try dtfix("image", place / "linux.efi")
    let second = try dtfix("image", place / "linux.efi", "--profile", "1")

    expectRefusal(first, 64, "profile 0 of 0 to 1 has 0 kernels")
    #expect(second.text.contains(#".profile     "ID=rescue TITLE=Say \"help\"""#))
    #expect(second.text.contains("profiles     2\n"))
  }

  /// Sections may share bytes: their texts are more than the file.
  @Test func `shows no text beyond a command line's`() throws {
    let place = try TemporaryFolder()
    let text = Array(repeating: UInt8(ascii: "a"), count: 4097)
    let bytes = KernelBuilder.program(sections: [
      (".linux", KernelBuilder.arm64Image()), (".cmdline", text),
      (".uname", Array(text.dropLast())),
    ])
    try write(bytes, to: place / "linux.efi")

    let result = try dtfix("image", place / "linux.efi")

    #expect(result.text.contains(".cmdline     4097 bytes\n"))
    #expect(result.text.contains(".uname       \"aaa"))
  }

  @Test func `is not written over its own file`() throws {
    let place = try TemporaryFolder()
    try write(KernelBuilder.arm64Image(), to: place / "Image")

    expectRefusal(
      try dtfix("image", place / "Image", "--extract", "-o", place / "Image"), 64, "also an input")
  }
}
