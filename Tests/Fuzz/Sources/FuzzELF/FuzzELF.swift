// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF
import FuzzSupport

/// Starts libFuzzer.
@_cdecl("fuzz_elf_main")
public func main(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
  runFuzzer(count, arguments, fuzzELF)
}

/// One input of libFuzzer: any bytes as an ELF file. They are refused with an error, or read; headers
/// written back read the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzELF(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = bytes(start, count)
  guard let file = try? ELFFile(bytes.span) else { return 0 }

  precondition(file.header.programHeaderRange.count == file.programHeaders.count * 56)
  precondition(
    file.programHeaders.isEmpty || file.header.programHeaderRange.upperBound <= bytes.count)
  checkNotes(of: file, bytes)
  checkWriting(of: file)
  return 0
}

private func checkNotes(of file: ELFFile, _ bytes: [UInt8]) {
  let segments = file.programHeaders.filter { $0.type == ProgramHeader.note }
  guard let notes = try? file.notes(in: bytes.span) else { return }
  let noteBytes = notes.reduce(0) { $0 + 12 + $1.descriptor.count }
  let ranges = segments.compactMap { try? $0.fileRange() }
  precondition(ranges.count == segments.count && ranges.allSatisfy { $0.upperBound <= bytes.count })
  precondition(noteBytes <= ranges.reduce(0) { $0 + $1.count }, "notes are in their segments")
  let single = segments.flatMap { segment in
    let range = (try? segment.fileRange()) ?? 0..<0
    return (try? file.notes(of: segment, bytes: bytes.span.extracting(range))) ?? []
  }
  precondition(single == notes, "segment by segment is the same")
}

private func checkWriting(of file: ELFFile) {
  let written = file.bytes
  precondition(written.count == ELFHeader.size + file.programHeaders.count * ProgramHeader.size)
  guard let again = try? ELFFile(written.span) else { fatalError("own bytes are refused") }
  precondition(again.programHeaders == file.programHeaders && again.machine == file.machine)
  precondition(again.header.programHeaderRange.lowerBound == ELFHeader.size)
  if file.header.programHeaderRange.lowerBound == ELFHeader.size { precondition(again == file) }
  precondition(again.bytes == written, "writing twice is writing once")

  guard let core = try? ELFFile(coreOf: file.machine, file.byteOrder, file.programHeaders),
    let read = try? ELFFile(core.bytes.span)
  else { fatalError("a core header is refused") }
  precondition(read == core)
}
