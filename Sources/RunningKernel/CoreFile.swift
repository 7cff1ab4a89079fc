// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF
import SystemPackage

/// What the head of `/proc/kcore` tells about a kernel.
///
/// A live one claims the size of the kernel's address space (up to 64 PiB on x86-64), so only its
/// header, its program headers and its notes are ever read: `fs/proc/kcore.c:read_kcore_iter`.
struct CoreFile {
  /// The most bytes of notes that are read; kernels write less than 16 KiB.
  static let noteLimit = 16 << 20

  /// The headers.
  let file: ELFFile
  /// The lines `NAME=VALUE` of the vmcoreinfo note; empty without one.
  let vmcoreinfo: [String: String]

  /// The architectures that have trees or core headers here, as `uname -m` names them.
  var architectureName: String? {
    switch (file.machine, file.byteOrder) {
    case (21, .little): "ppc64le"
    case (21, .big): "ppc64"
    case (62, .little): "x86_64"
    case (183, .little): "aarch64"
    case (243, .little): "riscv64"
    case (258, .little): "loongarch64"
    default: nil
    }
  }

  /// Reads a file piece by piece; `read` gives the bytes of a range, fewer where the file ends.
  ///
  /// - Throws: ``FormatError`` for a file that is no 64-bit ELF file, that ends within its headers or
  ///   notes, or that has more than ``noteLimit`` bytes of notes; and what `read` throws.
  init(read: (Range<Int>) throws -> [UInt8]) throws {
    let start = try read(0..<ELFHeader.size)
    let header = try ELFHeader(start.span)
    let table = try read(header.programHeaderRange)
    file = try ELFFile(header, programHeaders: table.span)
    vmcoreinfo = try Self.vmcoreinfo(of: file, read: read)
  }

  private static func vmcoreinfo(
    of file: ELFFile, read: (Range<Int>) throws -> [UInt8]
  ) throws -> [String: String] {
    var room = noteLimit
    for segment in file.programHeaders where segment.type == ProgramHeader.note {
      let range = try segment.fileRange()
      guard range.count <= room else {
        throw FormatError.unsupported(offset: range.lowerBound, value: UInt64(range.count))
      }
      room -= range.count
      let bytes = try read(range)
      let notes = try file.notes(of: segment, bytes: bytes.span)
      if let note = notes.first(where: { $0.name == "VMCOREINFO" }) {
        return facts(String(decoding: note.descriptor, as: UTF8.self))
      }
    }
    return [:]
  }

  private static func facts(_ text: String) -> [String: String] {
    text.split(separator: "\n").reduce(into: [:]) { facts, line in
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { facts[String(parts[0])] = String(parts[1]) }
    }
  }
}

extension RunningKernel {
  /// The head of `/proc/kcore`, live or captured; nil when there is none, and for a 32-bit kernel,
  /// whose program headers have another form.
  func core() throws(MachineError) -> CoreFile? {
    do {
      return try withFile(corePath, whenNotPermitted: .coreIsForRoot) { file in
        try CoreFile { try file.readBytes(at: $0) }
      }
    } catch .missing {
      return nil
    } catch .malformed(_, .unsupported(offset: 4, value: 1)) {
      return nil
    }
  }
}
