// SPDX-License-Identifier: Apache-2.0

import Compression
import Testing

@Suite struct `A damaged stream` {
  @Test(arguments: Compressor.all)
  func `is refused when cut short`(compressor: Compressor) throws {
    let bytes = Content.text.bytes(700)
    let stream = try compressor(bytes)

    for size in stream.indices {
      let cut = Array(stream.prefix(size))
      let declared = compressor.format.failure(cut, expectedSize: bytes.count)
      #expect(declared != nil, "\(size)")

      // Nothing tells a file of lz4's old format that has no chunk, or no further one, from one cut short.
      guard compressor.format != .lz4Legacy || !(4..<8).contains(size) else { continue }
      #expect(compressor.format.failure(cut) == .truncated(compressor.format), "\(size)")
    }
  }

  @Test(arguments: Compressor.all, [0x01, 0x80, 0xff] as [UInt8])
  func `is refused, or has the same size`(compressor: Compressor, flipped: UInt8) throws {
    let bytes = Content.mixed.bytes(700)
    let stream = try compressor(bytes)
    let hasNoCheck = [.lzma, .lz4Legacy].contains(compressor.format)

    for place in stream.indices {
      var damaged = stream
      damaged[place] ^= flipped

      let unpacked = try? compressor.format.unpack(
        damaged, expectedSize: hasNoCheck ? bytes.count : nil)

      #expect(unpacked == nil || unpacked?.bytes.count == bytes.count, "\(place)")
    }
  }

  @Test(arguments: Compressor.plain.filter { ![.lzma, .lz4Legacy].contains($0.format) })
  func `has a checksum that says so`(compressor: Compressor) throws {
    var stream = try compressor(Content.random.bytes(5000))
    stream[stream.count / 2] ^= 1

    let failure = compressor.format.failure(stream)

    guard case .corrupt(compressor.format, _, _) = failure else {
      Issue.record("\(String(describing: failure))")
      return
    }
  }

  @Test(arguments: CompressionFormat.allCases)
  func `is refused when it is none at all`(format: CompressionFormat) {
    #expect(format.failure([]) == .truncated(format))
    #expect(CompressionFormat.recognized([]) == nil)
    guard case .corrupt(format, offset: 0, _) = format.failure(Array(repeating: 7, count: 99))
    else {
      Issue.record("\(format)")
      return
    }
  }
}

@Suite struct `A stream that lies about its size` {
  @Test(arguments: [0, 1, 4999, 5001, 1 << 29, 0xffff_ffff])
  func `is refused: gzip`(size: Int) throws {
    var stream = try Compressor(.gzip, "gzip", [])(Content.text.bytes(5000))
    stream.replaceSubrange(stream.count - 4..<stream.count, with: littleEndian(size, 4))

    #expect(isCorrupt(CompressionFormat.gzip.failure(stream)))
  }

  @Test(arguments: [256, 4999, 5001, 60_000])
  func `is refused: zstd`(size: Int) throws {
    var stream = try Compressor(.zstd, "zstd", ["-q"], readsFile: true)(Content.text.bytes(5000))
    try #require(stream[4] >> 5 == 0b011, "a single segment, with a size of 2 bytes")
    stream.replaceSubrange(5..<7, with: littleEndian(size - 256, 2))

    #expect(isCorrupt(CompressionFormat.zstd.failure(stream)))
  }

  /// libzstd 1.5.4 takes a frame that ends with an empty block for good, whatever size it states, when it
  /// decodes block by block.
  @Test(arguments: [(0, true), (5, false), (1 << 21, false)])
  func `is refused: zstd, with nothing in it`(size: Int, isGood: Bool) throws {
    let magicAndFlags: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0xa0]
    let empty = magicAndFlags + littleEndian(size, 4) + [1, 0, 0]
    let sizeless = try Compressor(.zstd, "zstd", ["-q"])(Content.text.bytes(5000))

    let failure = CompressionFormat.zstd.failure(empty + sizeless)

    #expect(isGood ? failure == nil : isCorrupt(failure))
  }

  @Test(arguments: [0, 1, 4999, 5001, 1 << 29])
  func `is refused: lzma`(size: Int) throws {
    var stream = try Compressor(.lzma, "xz", ["--format=lzma"])(Content.text.bytes(5000))
    stream.replaceSubrange(5..<13, with: littleEndian(size, 8))

    #expect(isCorrupt(CompressionFormat.lzma.failure(stream)) || size == 5001)
    #expect(CompressionFormat.lzma.failure(stream) != nil)
  }

  @Test func `is accepted when it does not: lzma`() throws {
    let bytes = Content.text.bytes(5000)
    var stream = try Compressor(.lzma, "xz", ["--format=lzma"])(bytes)
    stream.replaceSubrange(5..<13, with: littleEndian(5000, 8))

    #expect(try CompressionFormat.lzma.unpack(stream).bytes == bytes)
    #expect(
      CompressionFormat.lzma.failure(stream, expectedSize: 5001)
        == .otherSize(found: 5000, declared: 5001))
  }

  @Test func `is refused: the index of xz, and the chunks`() throws {
    let stream = try Compressor(.xz, "xz", ["--check=none"])(Content.text.bytes(5000))
    // The end of the stream: index (its own CRC in its last word), then 12 bytes of footer.
    var index = stream
    index[stream.count - 12 - 6] ^= 1
    var chunk = stream
    try #require(
      chunk[24] >= 0x80, "an LZMA chunk starts after a header of 12 bytes and one of 12")
    chunk[26] ^= 1

    #expect(isCorrupt(CompressionFormat.xz.failure(index)))
    #expect(isCorrupt(CompressionFormat.xz.failure(chunk)))
  }

  @Test func `is refused: lz4`() throws {
    let lz4 = Compressor(.lz4, "lz4", ["-q", "--content-size"], readsFile: true)
    var stream = try lz4(Content.text.bytes(5000))
    stream[6] ^= 1

    #expect(isCorrupt(CompressionFormat.lz4.failure(stream)))
  }

  @Test(arguments: [0, 1, 4999, 5001, 64 << 20, 64 << 20 + 1])
  func `is refused: lzop`(size: Int) throws {
    var stream = try Compressor(.lzop, "lzop", [])(Content.text.bytes(5000))
    // 9 bytes of magic, 25 of header, an empty name, a checksum: then the first block.
    stream.replaceSubrange(38..<42, with: littleEndian(size, 4).reversed())

    // A size of 0 ends a file: there it is what was meant.
    let failure = CompressionFormat.lzop.failure(stream, expectedSize: 5000)
    #expect(failure != nil)
    #expect(isCorrupt(failure) || failure == .otherSize(found: size, declared: 5000))
  }
}

@Suite struct `A distance of 0 in an lz4 block` {
  /// A chunk: 4 bytes that repeat what they are themselves, 9 literals.
  static let stream: [UInt8] =
    [0x02, 0x21, 0x4c, 0x18, 13, 0, 0, 0] + [0x00, 0, 0] + [0x90, 1, 2, 3, 4, 5, 6, 7, 8, 9]

  @Test func `shows nothing of this program's memory`() throws {
    let unpacked = try? CompressionFormat.lz4Legacy.unpack(Self.stream)
    let start = try? CompressionFormat.lz4Legacy.start(of: Self.stream, count: 8)

    #expect(unpacked.map { $0.bytes == [0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9] } ?? true)
    #expect(start.map { $0 == [0, 0, 0, 0, 1, 2, 3, 4] } ?? true)
    #expect((unpacked == nil) == (start == nil))
  }
}

@Suite struct `A declared size` {
  @Test(arguments: Compressor.all, [0, 1, 699, 701, 5000])
  func `must be the one found`(compressor: Compressor, declared: Int) throws {
    let stream = try compressor(Content.text.bytes(700))

    let failure = compressor.format.failure(stream, expectedSize: declared)

    guard case .otherSize(let found, declared) = failure else {
      Issue.record("\(String(describing: failure))")
      return
    }
    #expect(declared < 700 ? found > declared : found == 700)
  }

  @Test(arguments: Compressor.plain)
  func `is not looked for beyond`(compressor: Compressor) throws {
    let stream = try compressor(Content.zeros.bytes(4 << 20))

    guard case .otherSize(let found, 4096) = compressor.format.failure(stream, expectedSize: 4096)
    else {
      Issue.record("accepted")
      return
    }
    #expect(found > 4096)
  }
}

@Suite struct `Limits` {
  @Test(arguments: Compressor.all)
  func `stop a bomb`(compressor: Compressor) throws {
    let stream = try compressor(Content.zeros.bytes(4 << 20))
    var limits = UnpackingLimits()
    limits.size = 1 << 20

    #expect(compressor.format.failure(stream, limits: limits) == .tooLarge(limit: 1 << 20))
    #expect(
      compressor.format.failure(stream, expectedSize: 4 << 20, limits: limits)
        == .tooLarge(limit: 1 << 20))
    let start = try compressor.format.start(of: stream, count: 100, limits: limits)
    #expect(start == Array(repeating: 0, count: 100))
  }

  @Test(arguments: [
    Compressor(.xz, "xz", ["-9"]), Compressor(.lzma, "xz", ["-9", "--format=lzma"]),
    Compressor(.zstd, "zstd", ["-q", "--ultra", "-22"]),
    Compressor(.zstd, "zstd", ["-q", "--long=25"]), Compressor(.lz4, "lz4", ["-q", "-B7"]),
  ])
  func `hold for a decoder's memory`(compressor: Compressor) throws {
    let stream = try compressor(Content.text.bytes(2 << 20))
    var limits = UnpackingLimits()
    limits.memory = 4 << 20

    guard
      case .needsMemory(let needed, 4_194_304) = compressor.format.failure(stream, limits: limits)
    else {
      Issue.record("accepted")
      return
    }
    #expect(needed > 4 << 20)
    #expect(throws: CompressionError.needsMemory(needed: needed, limit: 4 << 20)) {
      try compressor.format.start(of: stream, count: 10, limits: limits)
    }
    #expect(compressor.format.failure(stream) == nil)
  }

  @Test func `hold for a window of more than 128 MiB`() throws {
    let stream = try Compressor(.zstd, "zstd", ["-q", "--ultra", "--long=31"])(
      Content.text.bytes(100_000))
    var limits = UnpackingLimits()
    limits.memory = 1 << 40

    #expect(
      CompressionFormat.zstd.failure(stream, limits: limits)
        == .needsMemory(needed: 1 << 31, limit: 1 << 27))
  }
}

private func littleEndian(_ value: Int, _ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

private func isCorrupt(_ failure: CompressionError?) -> Bool {
  if case .corrupt = failure { return true }
  return false
}
