// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import CrashCore
import ELF
import PhysicalMemory

/// One input of libFuzzer: any bytes as an ELF file. They are refused with an error, or read; headers
/// written back read the same. As a core header they are judged, whatever they are.
func fuzzELF(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = bytes(start, count)
  checkFindings(in: bytes)
  guard let file = try? ELFFile(bytes.span) else { return 0 }

  precondition(file.header.programHeaderRange.count == file.programHeaders.count * 56)
  precondition(
    file.programHeaders.isEmpty || file.header.programHeaderRange.upperBound <= bytes.count)
  checkNotes(of: file, bytes)
  checkWriting(of: file)
  return 0
}

/// The check of a core header says something of every file that is no ELF file, ends, and gives each
/// finding once.
private func checkFindings(in bytes: [UInt8]) {
  let ram = [PhysicalRange(start: 0, size: 1 << 31), PhysicalRange(start: 1 << 32, size: 1 << 34)]
  let machine = CoreMachine(
    memory: PhysicalRangeSet(ram.compactMap(\.self)),
    crashRegions: PhysicalRangeSet(
      [PhysicalRange(start: 1 << 29, size: 1 << 28)].compactMap(\.self)),
    cpuNotes: [PhysicalRange(start: 1 << 20, size: 0x1a8)].compactMap(\.self),
    linearMap: 0xffff_0000_0000_0000,
    kernelText: PhysicalRange(start: 1 << 22, size: 1 << 20).map {
      CoreHeader.KernelText(virtualAddress: 0xffff_8000_0000_0000, range: $0)
    })
  for check in [CoreHeaderCheck(), CoreHeaderCheck(of: machine)] {
    let findings = check.findings(in: bytes.span)
    precondition(findings.allSatisfy { !$0.text.isEmpty && !$0.rule.name.isEmpty })
    precondition(Set(findings).count == findings.count, "each finding once")
    precondition(!findings.isEmpty || (try? ELFFile(bytes.span)) != nil, "what is good can be read")
  }
}

private func checkNotes(of file: ELFFile, _ bytes: [UInt8]) {
  let segments = file.programHeaders.filter { $0.type == ProgramHeader.note && $0.fileSize > 0 }
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
