// SPDX-License-Identifier: Apache-2.0

import Compression
import ELF
import KernelImage
import TestSupport
import Testing

@Suite struct `A kernel file` {
  private static let kernel = KernelBuilder.arm64Image(size: 60_000, imageSize: 60_000)

  @Test(arguments: CompressionFormat.allCases)
  func `may be packed`(format: CompressionFormat) throws {
    let bytes = try pack(Self.kernel, format)
    let file = try KernelFile(bytes.span)

    #expect(file.layers.map(\.format) == [.compressed(format), .image(.arm64)])
    #expect(try file.image.memorySize == 60_000)
    #expect(file.bytes.copy(of: bytes.span) == Self.kernel)
  }

  @Test(arguments: zbootTypes)
  func `may be a zboot file`(type: ZbootType) throws {
    let bytes = try zboot(type, Self.kernel)
    let file = try KernelFile(bytes.span)

    #expect(file.layers.map(\.format) == [.zboot, .image(.arm64)])
    #expect(file.layers.map(\.compression) == [type.name, nil])
    #expect(file.bytes.copy(of: bytes.span) == Self.kernel)
  }

  @Test func `may be a kernel in a zboot file in a unified image in gzip`() throws {
    let inner = try zboot(zbootTypes[5], Self.kernel)
    let unified = KernelBuilder.program(sections: [(".initrd", [1, 2, 3]), (".linux", inner)])
    let bytes = try pack(unified, .gzip)
    let file = try KernelFile(bytes.span)
    let profile = try #require(file.profile)
    let initrd = try #require(profile.places.initrd)

    #expect(
      file.layers.map(\.format) == [.compressed(.gzip), .unifiedImage, .zboot, .image(.arm64)])
    #expect(file.bytes.copy(of: bytes.span) == Self.kernel)
    #expect(profile.section(initrd).copy(of: bytes.span) == [1, 2, 3])
  }

  /// A kernel that is signed ends with its signatures; the padding after is the file's.
  @Test(arguments: [(0, true), (1, false)] as [(UInt8, Bool)])
  func `keeps the length that its signature is for`(padding: UInt8, isGood: Bool) throws {
    let signed = KernelBuilder.loongArchImage(kernelSize: 0x8000, certificates: (5000, 120))
    let padded = signed + Array(repeating: padding, count: 0x8000 - signed.count)
    let bytes = try zboot(zbootTypes[5], padded, machine: 0x6264)

    let file = try? KernelFile(bytes.span)

    #expect((file != nil) == isGood)
    #expect(!isGood || file?.bytes.size == 5120)
  }

  @Test(arguments: [(5000, 40_000), (0xffff_ff00, 0xffff_ff00)] as [(UInt32, UInt32)])
  func `has its signatures inside`(offset: UInt32, size: UInt32) throws {
    let kernel = KernelBuilder.loongArchImage(kernelSize: 0x8000, certificates: (offset, size))
    let bytes = try zboot(zbootTypes[5], kernel, machine: 0x6264)

    expectRefusal(bytes, "the signatures")
  }

  /// `KernelFile` is asked for a number that comes from a command line.
  @Test(arguments: [(-1, false), (0, true), (1, true), (2, false), (.max, false)] as [(Int, Bool)])
  func `has the profiles that it has`(profile: Int, isGood: Bool) {
    let bytes = KernelBuilder.program(sections: [
      (".linux", Self.kernel), (".profile", [1]), (".profile", [2]),
    ])

    #expect(((try? KernelFile(bytes.span, profile: profile)) != nil) == isGood)
  }

  /// Kernels that dtfix knows by name only: what comes with them is told all the same.
  @Test(
    arguments: [
      (.pe, KernelBuilder.program(sections: [(".text", [1])])), (.bzImage, KernelBuilder.bzImage()),
      (.legacyUImage, [0x27, 5, 0x19, 0x56] + Array(repeating: 0, count: 60)),
    ] as [(FileFormat, [UInt8])])
  func `may be of a format that is not loaded`(format: FileFormat, kernel: [UInt8]) throws {
    let bytes = KernelBuilder.program(
      machine: 0x8664, sections: [(".cmdline", [0x61]), (".linux", kernel)])

    let file = try KernelFile(bytes.span)
    let error = #expect(throws: KernelFileError.self) { try file.image }

    #expect(file.layers.map(\.format) == [.unifiedImage, format])
    #expect(file.bytes.copy(of: bytes.span) == kernel)
    #expect(file.profile?.places.commandLine?.count == 1)
    #expect(error?.layers == [.unifiedImage, format])
    #expect(error?.reason == .notLoaded(format))
  }

  /// `scripts/Makefile.lib:size_append`, and what block devices add.
  @Test(arguments: [CompressionFormat.zstd, .xz, .lz4, .gzip])
  func `may have its size or zeros after it`(format: CompressionFormat) throws {
    let packed = try pack(Self.kernel, format)
    let sized = packed + KernelBuilder.little(UInt32(60_000))
    let padded = packed + Array(repeating: 0, count: 1000)

    #expect(try KernelFile(sized.span).bytes.size == 60_000)
    #expect(try KernelFile(padded.span).bytes.size == 60_000)
    expectRefusal(packed + KernelBuilder.little(UInt32(60_001)), "after the end")
    expectRefusal(packed + Array(repeating: 0, count: 1 << 20), "after the end")
    expectRefusal(padded + [1], "after the end")
  }
}

@Suite struct `A kernel file is refused` {
  private static let kernel = KernelBuilder.arm64Image(size: 60_000, imageSize: 60_000)

  @Test(arguments: zbootTypes)
  func `for the wrong size of its kernel`(type: ZbootType) throws {
    let good = try zboot(type, Self.kernel)
    let header = try ZbootHeader(good.span)
    for size in [0, 59_999, 60_001, UInt32.max] {
      var bytes = good
      let place = header.payload.upperBound - (type.name == "gzip" ? 4 : 0)
      bytes.replaceSubrange(place..<place + 4, with: KernelBuilder.little(size))

      expectRefusal(bytes, "EFI zboot: ")
    }
  }

  @Test(arguments: zbootTypes)
  func `for a payload that is cut short or goes on`(type: ZbootType) throws {
    let good = try zboot(type, Self.kernel)
    let header = try ZbootHeader(good.span)
    for change in [-1, -header.payload.count / 2, 1] {
      var bytes = good
      let size = UInt32(header.payload.count + change)
      bytes.replaceSubrange(12..<16, with: KernelBuilder.little(size))
      let end = header.payload.lowerBound + Int(size)
      bytes.replaceSubrange(end..<end + 4, with: KernelBuilder.little(60_000 as UInt32))

      expectRefusal(bytes, "EFI zboot: ")
    }
  }

  @Test func `for a kernel of another architecture than its wrapper's`() throws {
    let riscv = try zboot(zbootTypes[5], KernelBuilder.riscvImage())
    expectRefusal(riscv, "a kernel for riscv64 in a file for aarch64")
    let unified = KernelBuilder.program(
      machine: 0x5064, sections: [(".linux", try zboot(zbootTypes[5], Self.kernel))])
    expectRefusal(unified, "a kernel for aarch64 in a file for riscv64")
  }

  @Test func `for layers without an end`() throws {
    let zboot = try zboot(zbootTypes[5], Self.kernel)
    let unified = KernelBuilder.program(sections: [(".linux", Self.kernel)])
    let packed = try pack(Self.kernel, .gzip)
    let nested: [[UInt8]] = [
      try pack(packed, .zstd), try KernelImageTests.zboot(zbootTypes[5], zboot),
      try KernelImageTests.zboot(zbootTypes[5], packed),
      try KernelImageTests.zboot(zbootTypes[5], unified),
      KernelBuilder.program(sections: [(".linux", unified)]),
      try pack(KernelBuilder.program(sections: [(".linux", packed)]), .xz),
    ]

    for bytes in nested { expectRefusal(bytes, " within ") }
  }

  @Test(arguments: [
    (KernelBuilder.ELF().bytes, "ELF: "), ([], "an empty file"),
    (Array("text".utf8), "not a kernel"),
  ])
  func `when it is something else`(bytes: [UInt8], text: String) {
    expectRefusal(bytes, text)
  }

  /// Bytes of a kind pack a thousandfold; a kernel of them ends at the limit.
  @Test(arguments: [CompressionFormat.gzip, .zstd, .xz, .lz4])
  func `when it unpacks to more than the limit`(format: CompressionFormat) throws {
    let kernel = KernelBuilder.arm64Image(imageSize: 8 << 20) + Array(repeating: 0, count: 4 << 20)
    let bytes = try pack(kernel, format)
    var limits = UnpackingLimits()
    limits.size = 1 << 20

    let error = #expect(throws: KernelFileError.self) {
      try KernelFile(bytes.span, limits: limits)
    }
    #expect(error?.layers == [.compressed(format)])
    #expect(error?.description.contains("\n") == false)
  }

  /// Its first bytes tell: it is not unpacked for that.
  @Test(arguments: CompressionFormat.allCases)
  func `when what is packed is no kernel`(format: CompressionFormat) throws {
    let bytes = try pack(Array(repeating: 0, count: 4 << 20), format)
    var limits = UnpackingLimits()
    limits.size = 1 << 20
    let error = #expect(throws: KernelFileError.self) { try KernelFile(bytes.span, limits: limits) }

    #expect(error?.reason == .notKernel)
    expectRefusal(try pack([], format), "an empty file")
  }

  @Test func `at whatever place it is cut`() throws {
    let bytes = try zboot(zbootTypes[5], Self.kernel)
    let header = try ZbootHeader(bytes.span)

    for size in 0..<header.payload.upperBound + 4 {
      let cut = bytes.span.extracting(0..<size)
      #expect(throws: KernelFileError.self) { try KernelFile(cut) }
    }
  }
}

private func expectRefusal(_ bytes: [UInt8], _ text: String) {
  let error = #expect(throws: KernelFileError.self) { try KernelFile(bytes.span) }
  #expect(error?.description.contains(text) == true)
}

/// A type of zboot file, and the program that packs its payload.
struct ZbootType: Sendable, CustomTestStringConvertible {
  let name: String
  let command: String

  var testDescription: String { name }
}

/// `scripts/Makefile.lib`: `cmd_gzip`, `cmd_zstd22`, `cmd_xzkern`, `cmd_lzma`, `cmd_lz4`, `cmd_lzo`.
let zbootTypes = [
  ZbootType(name: "gzip", command: "gzip -n -9"),
  ZbootType(name: "zstd", command: "zstd -22 --ultra"),
  ZbootType(name: "zstd22", command: "zstd -22 --ultra"),
  ZbootType(name: "xzkern", command: "xz --check=crc32 --lzma2=dict=32MiB"),
  ZbootType(name: "lzma", command: "xz --format=lzma -9"),
  ZbootType(name: "lz4", command: "lz4 -l -9"), ZbootType(name: "lzo", command: "lzop -9"),
]

/// A zboot file of a kernel.
func zboot(_ type: ZbootType, _ kernel: [UInt8], machine: UInt16 = 0xaa64) throws -> [UInt8] {
  let payload = try pack(kernel, command: type.command)
  return KernelBuilder.zboot(
    type.name, payload: payload, size: type.name == "gzip" ? nil : UInt32(kernel.count),
    machine: machine)
}

/// Bytes as the system's program packs them.
func pack(_ bytes: [UInt8], _ format: CompressionFormat) throws -> [UInt8] {
  let command =
    switch format {
    case .gzip: "gzip -n"
    case .zstd: "zstd"
    case .xz: "xz"
    case .lzma: "xz --format=lzma"
    case .lz4: "lz4"
    case .lz4Legacy: "lz4 -l"
    case .lzop: "lzop"
    }
  return try pack(bytes, command: command)
}

private func pack(_ bytes: [UInt8], command: String) throws -> [UInt8] {
  let words = command.split(separator: " ").map(String.init)
  let result = try run(words[0], words[1...] + ["-c"], input: bytes)
  guard result.status == 0, !result.output.isEmpty else { throw PackError(text: result.errors) }
  return result.output
}

/// A program could not pack.
struct PackError: Error {
  let text: String
}
