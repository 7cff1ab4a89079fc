// SPDX-License-Identifier: Apache-2.0

import Compression

/// One input of libFuzzer: any bytes as a stream of a format. They are refused with an error, or
/// unpacked; then every other way to ask for the same gives the same.
func fuzzCompression(
  _ format: CompressionFormat, _ start: UnsafePointer<UInt8>, _ count: Int
) -> CInt {
  let stream = bytes(start, count)
  check(format, stream)
  if format == .lzop { check(format, lzopFile(of: stream)) }
  return 0
}

private func check(_ format: CompressionFormat, _ stream: [UInt8]) {
  var limits = UnpackingLimits()
  (limits.size, limits.memory) = (16 << 20, 16 << 20)
  let first = try? format.start(of: stream.span, count: 64, limits: limits)
  _ = try? format.unpack(stream.span, expectedSize: 64, limits: limits)
  guard let unpacked = try? format.unpack(stream.span, limits: limits) else { return }

  let size = unpacked.bytes.count
  precondition(size <= limits.size && unpacked.streamSize <= stream.count)
  precondition(first.map { $0[...] == unpacked.bytes.prefix(64) } ?? false, "a start is a start")
  let half = try? format.start(of: stream.span, count: size / 2, limits: limits)
  precondition(half.map { $0[...] == unpacked.bytes.prefix(size / 2) } ?? false, "and a longer one")
  let alone = try? format.unpack(
    Array(stream.prefix(unpacked.streamSize)).span, expectedSize: size, limits: limits)
  precondition(alone == unpacked, "a declared size, and what follows, change nothing")
  do throws(CompressionError) {
    _ = try format.unpack(stream.span, expectedSize: size + 1, limits: limits)
    fatalError("a size that is not declared")
  } catch {
    precondition(
      error == .otherSize(found: size, declared: size + 1) || error == .tooLarge(limit: limits.size)
    )
  }
}

/// The bytes as a block of LZO1X, after the size of what it holds in 2 bytes: no checksum keeps the
/// fuzzer from its instructions.
private func lzopFile(of bytes: [UInt8]) -> [UInt8] {
  guard bytes.count > 2 else { return [] }
  let block = bytes.dropFirst(2)
  let fields: [UInt8] =
    [0x10, 0x40, 0x20, 0xa0, 0x09, 0x40, 1, 5] + Array(repeating: 0, count: 4 + 12 + 1)
  let size = max(block.count + 1, Int(bytes[0]) << 8 | Int(bytes[1]))
  return CompressionMagic.lzop + fields + word(adler32(fields)) + word(size) + word(block.count)
    + block + word(0)
}

private enum CompressionMagic {
  static let lzop: [UInt8] = [0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a, 0x0a]
}

private func word(_ value: Int) -> [UInt8] {
  [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
}

private func adler32(_ bytes: [UInt8]) -> Int {
  var (low, high) = (1, 0)
  for byte in bytes {
    low = (low + Int(byte)) % 65521
    high = (high + low) % 65521
  }
  return high << 16 | low
}
