// SPDX-License-Identifier: Apache-2.0

import CKexec
import Kexec
import Loading
import PhysicalMemory
import SystemPackage

/// What one of the two system calls takes.
enum Loadable {
  /// For kexec_load(2): everything, placed.
  case segments([Segment], entry: UInt64)
  /// For kexec_file_load(2), whose kernel does the rest; the command line without its NUL.
  case files(kernel: SealedFile, initrd: SealedFile?, commandLine: [UInt8])

  struct Segment {
    let name: String
    let range: PhysicalRange
    let bytes: [UInt8]
  }

  init(_ plan: KexecPlan) {
    self = .segments(
      plan.segments.map { Segment(name: $0.part.name, range: $0.range, bytes: $0.bytes) },
      entry: plan.entry)
  }

  init(_ files: LoadJob.Files) throws(Failure) {
    var initrd: SealedFile?
    if let bytes = files.initrd { initrd = try SealedFile("initrd", bytes) }
    self = .files(
      kernel: try SealedFile("kernel", files.kernel), initrd: initrd,
      commandLine: files.commandLine)
  }

  /// What is loaded, a line for each part.
  var lines: [String] {
    let parts: [(name: String, text: String?)] =
      switch self {
      case .segments(let segments, let entry):
        segments.map { ($0.name, "\($0.range), \($0.bytes.count) bytes of \($0.range.size)") }
          + [("entry", "0x" + String(entry, radix: 16))]
      case .files(let kernel, let initrd, let line):
        [
          ("kernel", "\(kernel.size) bytes"), ("initrd", initrd.map { "\($0.size) bytes" }),
          ("command line", String(decoding: line, as: UTF8.self)),
        ]
      }
    return parts.compactMap { name, text in
      text.map { name + String(repeating: " ", count: max(1, 14 - name.count)) + $0 }
    }
  }

  /// Loads it.
  func load(for purpose: Purpose) throws(CallError) {
    switch self {
    case .segments(let segments, let entry):
      // The architecture in the upper half of the flags is left at 0, the running kernel's.
      let flags = purpose == .crash ? UInt(KEXEC_ON_CRASH) : 0
      let errno = unsafe withTable(segments[...], []) { table in
        unsafe ckexec_load(UInt(entry), UInt(table.count), table, flags)
      }
      try CallError.check(errno, of: .kexecLoad)
    case .files(let kernel, let initrd, let line):
      let flags =
        (purpose == .crash ? KEXEC_FILE_ON_CRASH : 0)
        | (initrd == nil ? KEXEC_FILE_NO_INITRAMFS : 0)
      let text = line.map(CChar.init(bitPattern:)) + [0]
      let errno = unsafe ckexec_file_load(
        kernel.file.rawValue, initrd?.file.rawValue ?? -1, UInt(text.count), text, UInt(flags))
      try CallError.check(errno, of: .kexecFileLoad)
    }
  }
}

/// Lends the bytes of all segments at once, one within the other: there are 16 at most.
private func withTable(
  _ rest: ArraySlice<Loadable.Segment>, _ table: [kexec_segment],
  _ body: ([kexec_segment]) -> CInt
) -> CInt {
  guard let segment = rest.first else { return unsafe body(table) }
  return unsafe segment.bytes.withUnsafeBytes { bytes in
    let row = unsafe kexec_segment(
      buf: bytes.baseAddress, bufsz: .init(bytes.count),
      mem: UnsafeRawPointer(bitPattern: UInt(segment.range.start)),
      memsz: .init(segment.range.size))
    return unsafe withTable(rest.dropFirst(), table + [row], body)
  }
}
