// SPDX-License-Identifier: Apache-2.0

/// A fault of a block of LZO1X.
enum LZOFault: Error, Hashable {
  /// The block ends inside an instruction, or without the one that ends it.
  case endsEarly
  /// The block goes on after the instruction that ends it.
  case endsLate
  /// There is more than the output has room for.
  case full
  /// A match starts before the output does.
  case distance(Int)
  /// The bitstream is of another version than 0: LZO-RLE is 1.
  case version(UInt8)
}

/// A decoder of one block of LZO1X, of bitstream version 0.
///
/// Written from Linux `Documentation/staging/lzo.rst`, with its terms. Bounds are checked where a byte is
/// read and where literals or matches are copied; nothing else touches the memory.
@safe struct LZODecoder {
  private let input: UnsafePointer<UInt8>
  private let inputSize: Int
  private var read = 0
  private let output: UnsafeMutablePointer<UInt8>
  private let outputSize: Int
  /// How many bytes are decoded.
  private(set) var written = 0

  /// How many bytes are copied at once, past the end of a copy if there is room.
  private static let step = 8

  /// Decodes a block into a room, neither of them empty, that outlive the value.
  @unsafe init(_ block: UnsafeBufferPointer<UInt8>, into room: UnsafeMutableBufferPointer<UInt8>) {
    guard let input = block.baseAddress, let output = room.baseAddress else {
      preconditionFailure("neither a block nor its room is empty")
    }
    unsafe (self.input, self.output) = (input, output)
    (inputSize, outputSize) = (block.count, room.count)
  }

  /// Decodes the block to its end.
  mutating func decode() throws(LZOFault) {
    // How many literals the last instruction copied: 0 to 3, or 4 for 4 or more.
    var state = try start()
    while true {
      let byte = Int(try nextByte())
      let length: Int
      let distance: Int
      switch byte {
      case 64...:
        length = byte >> 5 + 1
        distance = Int(try nextByte()) << 3 + byte >> 2 & 7 + 1
        state = byte & 3
      case 32...:
        length = try extended(byte & 31, full: 31) + 2
        let word = try nextWord()
        distance = word >> 2 + 1
        state = word & 3
      case 16...:
        length = try extended(byte & 7, full: 7) + 2
        let word = try nextWord()
        distance = 16384 + (byte & 8) << 11 + word >> 2
        if distance == 16384 { return try end() }
        state = word & 3
      case _ where state == 0:
        try copyLiterals(try extended(byte, full: 15) + 3)
        state = 4
        continue
      default:
        length = state == 4 ? 3 : 2
        distance = Int(try nextByte()) << 2 + byte >> 2 + (state == 4 ? 2049 : 1)
        state = byte & 3
      }
      try copyMatch(length, from: distance)
      try copyLiterals(state)
    }
  }

  /// The first byte, which may be a number of literals; a byte of up to 16 is an instruction.
  ///
  /// (The document's ranges are off by one, its formula is right: 21 is 4 literals.)
  private mutating func start() throws(LZOFault) -> Int {
    if inputSize >= 5, unsafe input[0] == 17 {
      read = 1
      let version = try nextByte()
      guard version == 0 else { throw .version(version) }
    }
    let byte = Int(try nextByte())
    guard byte > 17 else {
      read -= 1
      return 0
    }
    try copyLiterals(byte - 17)
    return min(byte - 17, 4)
  }

  /// The end of the stream must be the end of the block.
  private func end() throws(LZOFault) {
    guard read == inputSize else { throw .endsLate }
  }

  // MARK: Reading

  @inline(__always)
  private mutating func nextByte() throws(LZOFault) -> UInt8 {
    guard read < inputSize else { throw .endsEarly }
    defer { read &+= 1 }
    return unsafe input[read]
  }

  /// A little-endian word of 16 bits.
  @inline(__always)
  private mutating func nextWord() throws(LZOFault) -> Int {
    guard inputSize &- read >= 2 else { throw .endsEarly }
    defer { read &+= 2 }
    return unsafe Int(input[read]) | Int(input[read &+ 1]) << 8
  }

  /// A length in the instruction's bits, or, when these are 0, in the bytes that follow.
  @inline(__always)
  private mutating func extended(_ bits: Int, full: Int) throws(LZOFault) -> Int {
    bits != 0 ? bits : try longLength(full)
  }

  private mutating func longLength(_ start: Int) throws(LZOFault) -> Int {
    var length = start
    while true {
      let byte = try nextByte()
      if byte != 0 { return length + Int(byte) }
      length += 255
    }
  }

  // MARK: Writing

  /// Copies bytes of the block.
  @inline(__always)
  private mutating func copyLiterals(_ count: Int) throws(LZOFault) {
    let slack = min(inputSize &- read, outputSize &- written)
    guard count <= Self.step, slack >= Self.step else { return try copyManyLiterals(count) }
    let word = unsafe UnsafeRawPointer(input + read).loadUnaligned(as: UInt64.self)
    unsafe UnsafeMutableRawPointer(output + written).storeBytes(of: word, as: UInt64.self)
    read &+= count
    written &+= count
  }

  @inline(never)
  private mutating func copyManyLiterals(_ count: Int) throws(LZOFault) {
    guard count <= inputSize - read else { throw .endsEarly }
    let fitting = min(count, outputSize - written)
    unsafe (output + written).update(from: input + read, count: fitting)
    read += fitting
    written += fitting
    guard fitting == count else { throw .full }
  }

  /// Copies bytes that were decoded before; source and destination may overlap.
  @inline(__always)
  private mutating func copyMatch(_ count: Int, from distance: Int) throws(LZOFault) {
    guard distance <= written else { throw .distance(distance) }
    guard distance >= Self.step, count &+ Self.step <= outputSize &- written else {
      return try copyNearMatch(count, from: distance)
    }
    copySteps(count, from: distance)
  }

  /// Copies by steps; there is room for one more, and no step overlaps itself.
  @inline(__always)
  private mutating func copySteps(_ count: Int, from distance: Int) {
    var target = unsafe UnsafeMutableRawPointer(output + written)
    let end = unsafe target + count
    repeat {
      let word = unsafe (target - distance).loadUnaligned(as: UInt64.self)
      unsafe target.storeBytes(of: word, as: UInt64.self)
      unsafe target += Self.step
    } while unsafe target < end
    written &+= count
  }

  /// Copies a match byte by byte; when it repeats a pattern that is shorter than a step, then only
  /// until the pattern's repetitions are as long.
  @inline(never)
  private mutating func copyNearMatch(_ count: Int, from distance: Int) throws(LZOFault) {
    let fitting = min(count, outputSize - written)
    let hasRoom = count + Self.step <= outputSize - written
    let bytewise = hasRoom ? min(count, Self.step) : fitting
    for _ in 0..<bytewise {
      unsafe output[written] = output[written &- distance]
      written &+= 1
    }
    guard fitting == count else { throw .full }
    if bytewise < count {
      let repetitions = (Self.step + distance - 1) / distance
      copySteps(count - bytewise, from: distance * repetitions)
    }
  }
}
