// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat

extension ELFFile {
  /// The headers of a core file: the program headers follow the file header.
  ///
  /// - Throws: `FormatError.tooMany` for more than ``ELFHeader/mostProgramHeaders``.
  public init(
    coreOf machine: Machine, _ byteOrder: ByteOrder, _ programHeaders: [ProgramHeader]
  ) throws(FormatError) {
    header = try ELFHeader(
      coreOf: machine, byteOrder, programHeaderCount: programHeaders.count)
    self.programHeaders = programHeaders
  }

  /// The bytes of the headers, which are those of the file up to the end of its program headers, when
  /// these follow the file header.
  public var bytes: [UInt8] {
    // A program header is seven words; 65,000 of them are written eight bytes at a time.
    var words: [UInt64] = []
    words.reserveCapacity(programHeaders.count * ProgramHeader.size / 8)
    for programHeader in programHeaders { programHeader.append(to: &words, byteOrder) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(ELFHeader.size + words.count * 8)
    header.append(to: &bytes)
    unsafe words.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    return bytes
  }
}

extension ELFHeader {
  fileprivate func append(to bytes: inout [UInt8]) {
    let data: UInt8 = byteOrder == .little ? 1 : 2
    bytes.append(bigEndian: Self.magic)
    bytes += [2, data, identificationVersion]
    bytes += repeatElement(0, count: 9)
    bytes.append(type, byteOrder)
    bytes.append(machine.rawValue, byteOrder)
    bytes.append(version, byteOrder)
    bytes.append(entry, byteOrder)
    bytes.append(UInt64(Self.size), byteOrder)  // e_phoff
    bytes.append(0 as UInt64, byteOrder)  // e_shoff
    bytes.append(flags, byteOrder)
    bytes.append(headerSize, byteOrder)
    bytes.append(UInt16(ProgramHeader.size), byteOrder)
    bytes.append(UInt16(programHeaderRange.count / ProgramHeader.size), byteOrder)
    bytes += repeatElement(0, count: 6)  // no sections
  }
}

extension ProgramHeader {
  fileprivate func append(to words: inout [UInt64], _ order: ByteOrder) {
    let (low, high) = order == .little ? (type, flags) : (flags, type)
    words.append((UInt64(high) << 32 | UInt64(low)).stored(order))
    words.append(offset.stored(order))
    words.append(virtualAddress.stored(order))
    words.append(physicalAddress.stored(order))
    words.append(fileSize.stored(order))
    words.append(memorySize.stored(order))
    words.append(alignment.stored(order))
  }
}

extension UInt64 {
  /// The number whose bytes in memory are this one's in the given order.
  fileprivate func stored(_ order: ByteOrder) -> UInt64 {
    order == .little ? littleEndian : bigEndian
  }
}
