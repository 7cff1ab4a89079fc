// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import CrashCore
import ELF

/// One input of libFuzzer: any bytes as the head of `/proc/kcore`, read in the steps that
/// `RunningKernel` takes: the header, the bytes of the table, those of each segment of notes.
func fuzzKcore(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = bytes(start, count)
  var info: VMCoreInfo?
  do throws(FormatError) {
    info = try vmcoreinfo(in: bytes)
  } catch {
    precondition(!"\(error)".isEmpty)
  }
  guard let info else { return 0 }

  _ = (info.kernelOffset, info.pageSize, info.symbol("_stext"), info.number("VA_BITS"))
  precondition(info.values.keys.allSatisfy { !$0.contains("=") && !$0.contains("\n") })
  return 0
}

private func vmcoreinfo(in bytes: [UInt8]) throws(FormatError) -> VMCoreInfo? {
  let header = try ELFHeader(bytes.read(0..<ELFHeader.size).span)
  let file = try ELFFile(header, programHeaders: bytes.read(header.programHeaderRange).span)
  precondition(file.header == header)

  var notes: [ELFNote] = []
  for segment in file.programHeaders where segment.type == ProgramHeader.note {
    let piece = bytes.read(try segment.fileRange())
    notes += try file.notes(of: segment, bytes: piece.span)
  }
  if let whole = try? ELFFile(bytes.span) {
    precondition(whole == file, "piece by piece is the same as whole")
    // An empty segment after the end of the file has no bytes to read, and is refused as a whole.
    if let same = try? whole.notes(in: bytes.span) { precondition(same == notes) }
  }
  return VMCoreInfo(in: notes)
}

extension [UInt8] {
  /// The bytes of a range, fewer where the file ends.
  fileprivate func read(_ range: Range<Int>) -> [UInt8] {
    Array(self[range.clamped(to: 0..<count)])
  }
}
