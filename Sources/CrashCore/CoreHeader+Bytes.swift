// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat
import ELF

extension CoreHeader {
  /// Whose padding the bytes have; the program headers are the same.
  public enum Style: Hashable, Sendable {
    /// Linux: whole blocks of 4096 bytes (`ELF_CORE_HEADER_ALIGN`), one entry kept free where there is
    /// no mapping of the kernel. But for one field: a big-endian kernel writes 1 to `EI_DATA` and
    /// misleads tools, here it is 2; no crash kernel looks at it.
    case kernel
    /// kexec-tools: whole blocks of 1024 bytes (`kexec/crashdump-elf.c`).
    case kexecTools
  }

  /// The bytes, zero-filled to the size that their maker reserves.
  ///
  /// - Throws: `FormatError.tooMany` for more program headers than a file can count: neighbouring
  ///   ranges of memory must be joined.
  public func bytes(style: Style = .kernel) throws(FormatError) -> [UInt8] {
    let file = try ELFFile(coreOf: machine, byteOrder, programHeaders)
    var bytes = file.bytes
    bytes += repeatElement(0, count: reservedSize(style) - bytes.count)
    return bytes
  }

  private func reservedSize(_ style: Style) -> Int {
    var count = programHeaders.count
    if style == .kernel, kernelText == nil { count += 1 }
    let block = style == .kernel ? 4096 : 1024
    return (ELFHeader.size + count * ProgramHeader.size + block - 1) / block * block
  }
}
