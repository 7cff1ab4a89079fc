// SPDX-License-Identifier: Apache-2.0

import Compression
import Testing

@Suite struct `Unpacking what compressors wrote` {
  @Test(arguments: Compressor.all, [0, 1, 511, 64 << 10])
  func `gives the bytes back, of any character`(compressor: Compressor, size: Int) throws {
    // A few bytes have hardly any character.
    for content in size < 64 << 10 ? [.mixed] : Content.allCases {
      let bytes = content.bytes(size)
      let stream = try compressor(bytes)

      let unpacked = try compressor.format.unpack(stream)
      let declared = try compressor.format.unpack(stream, expectedSize: size)

      #expect(unpacked.bytes == bytes, "\(content)")
      #expect(unpacked.streamSize == stream.count)
      #expect(declared == unpacked)
      for count in [0, 64, size / 2, size + 1] {
        let start = try compressor.format.start(of: stream, count: count)
        #expect(start[...] == bytes.prefix(count), "\(content): \(count)")
      }
    }
  }

  @Test(
    arguments: Compressor.plain.filter { $0.format == .lz4Legacy }, [8 << 20 - 1, 8 << 20, 9 << 20])
  func `gives as many bytes back as a chunk of lz4 has, and more`(compressor: Compressor, size: Int)
    throws
  {
    try expectManyBytes(compressor, size)
  }

  @Test(arguments: Compressor.all)
  func `gives many bytes back`(compressor: Compressor) throws {
    let hasLargeChunks = compressor.format == .lz4Legacy
    try expectManyBytes(compressor, hasLargeChunks ? largeContent.count : 2 << 20)
  }

  private func expectManyBytes(_ compressor: Compressor, _ size: Int) throws {
    let bytes = Array(largeContent.prefix(size))
    let stream = try compressor(bytes)

    let unpacked = try compressor.format.unpack(stream)

    #expect(isSame(unpacked.bytes, bytes))
    #expect(unpacked.streamSize == stream.count)
    #expect(unpacked.bytes.capacity < max(size, 8 * stream.count) + 8192)
  }

  @Test(arguments: Compressor.plain)
  func `gives the start alone`(compressor: Compressor) throws {
    let bytes = largeContent
    let stream = try compressor(bytes)

    for count in [0, 1, 64, 4096, 1 << 20, 8 << 20 + 1] {
      let start = try compressor.format.start(of: stream, count: count)
      #expect(isSame(start, Array(bytes.prefix(count))), "\(count)")
    }
    let all = try compressor.format.start(of: stream, count: 10 << 20)
    #expect(all.count == bytes.count)
  }

  @Test(arguments: Compressor.all)
  func `is recognized by its start`(compressor: Compressor) throws {
    let stream = try compressor(Content.text.bytes(1000))

    #expect(CompressionFormat.recognized(stream) == compressor.format)
    #expect(CompressionFormat.recognized(Array(stream.prefix(13))) == compressor.format)
    #expect(CompressionFormat.recognized(Array(stream.dropFirst())) == nil)
  }

  @Test(arguments: Compressor.plain)
  func `tells how far it is`(compressor: Compressor) throws {
    let stream = try compressor(largeContent)
    var counts: [Int] = []

    _ = try compressor.format.unpack(
      stream.span, expectedSize: largeContent.count, progress: { counts.append($0) })

    #expect(counts == counts.sorted())
    #expect(counts.last == largeContent.count)
    #expect(counts.count >= 3)
  }
}

@Suite struct `Where a stream ends` {
  @Test(
    arguments: Compressor.plain, [[0xff, 0xff, 0xff, 0xff, 0x55], Array(repeating: 0, count: 512)])
  func `is the same whatever follows`(compressor: Compressor, tail: [UInt8]) throws {
    let bytes = Content.mixed.bytes(100_000)
    let stream = try compressor(bytes)

    let unpacked = try compressor.format.unpack(stream + tail)

    #expect(unpacked.bytes == bytes)
    #expect(unpacked.streamSize == stream.count)
    #expect(unpacked.bytes.capacity < max(bytes.count, 8 * (stream + tail).count) + 8192)
  }

  @Test(arguments: Compressor.plain, [100_000, 9 << 20])
  func `is before the size that kernel builds append`(compressor: Compressor, size: Int) throws {
    let bytes = Array(largeContent.prefix(size))
    let stream = try compressor(bytes)
    let word = (0..<4).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) }

    let unpacked = try compressor.format.unpack(stream + word)

    #expect(isSame(unpacked.bytes, bytes))
    #expect(unpacked.streamSize == stream.count)
  }

  @Test(arguments: [Compressor.plain[0], .plain[2], .plain[4], .plain[6]])
  func `is after the first one`(compressor: Compressor) throws {
    let (first, second) = (Content.text.bytes(5000), Content.text.bytes(70_000))
    let stream = try compressor(first)

    let unpacked = try compressor.format.unpack(stream + compressor(second))

    #expect(unpacked.bytes == first)
    #expect(unpacked.streamSize == stream.count)
  }

  @Test(arguments: [true, false])
  func `is after the last frame of zstd`(sizesAreStated: Bool) throws {
    let bytes = Content.text.bytes(50_000)
    let frame = try Compressor(.zstd, "zstd", ["-q"], readsFile: sizesAreStated)(bytes)
    let skippable: [UInt8] = [0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]
    let stream = frame + skippable + frame + frame + skippable

    let unpacked = try CompressionFormat.zstd.unpack(stream + [0x28, 0xb5, 0x2f])

    #expect(unpacked.bytes == bytes + bytes + bytes)
    #expect(unpacked.streamSize == stream.count)
  }

  @Test func `is after the last chunk of lz4, whose magic number may be repeated`() throws {
    let bytes = Content.text.bytes(50_000)
    let stream = try Compressor(.lz4Legacy, "lz4", ["-q", "-l"])(bytes)

    let unpacked = try CompressionFormat.lz4Legacy.unpack(stream + stream)

    #expect(unpacked.bytes == bytes + bytes)
    #expect(unpacked.bytes.capacity < 2 * bytes.count + 64)
    #expect(unpacked.streamSize == 2 * stream.count)
  }
}

/// 9 MiB of all characters: more than a chunk of lz4 has.
private let largeContent = Content.mixed.bytes(9 << 20)
