// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import CrashCore
public import ELF
import Files
import SystemPackage

/// What the head of `/proc/kcore` tells about a kernel.
///
/// A live one claims the size of the kernel's address space (up to 64 PiB on x86-64), so only its
/// header, its program headers and its notes are ever read: `fs/proc/kcore.c:read_kcore_iter`.
public struct KernelCore: Hashable, Sendable {
  /// The most bytes of notes that are read; kernels write less than 16 KiB.
  static let noteLimit = 16 << 20

  /// The headers: memory that has a physical address, and other mappings, whose
  /// `ProgramHeader.physicalAddress` has all bits set.
  public let file: ELFFile
  /// The vmcoreinfo note; nil without one.
  public let vmcoreinfo: VMCoreInfo?

  /// Reads a file piece by piece; `read` gives the bytes of a range, fewer where the file ends.
  ///
  /// - Throws: ``FormatError`` for a file that is no 64-bit ELF file, that ends within its headers or
  ///   notes, or that has more than ``noteLimit`` bytes of notes; and what `read` throws.
  init(read: (Range<Int>) throws -> [UInt8]) throws {
    let start = try read(0..<ELFHeader.size)
    let header = try ELFHeader(start.span)
    let table = try read(header.programHeaderRange)
    let file = try ELFFile(header, programHeaders: table.span)
    let notes = try Self.notes(of: file, read: read)
    self.file = file
    vmcoreinfo = VMCoreInfo(in: notes)
  }

  private static func notes(
    of file: ELFFile, read: (Range<Int>) throws -> [UInt8]
  ) throws -> [ELFNote] {
    var room = noteLimit
    var notes: [ELFNote] = []
    for segment in file.programHeaders where segment.type == ProgramHeader.note {
      let range = try segment.fileRange()
      guard range.count <= room else {
        throw FormatError.unsupported(offset: range.lowerBound, value: UInt64(range.count))
      }
      room -= range.count
      let bytes = try read(range)
      notes += try file.notes(of: segment, bytes: bytes.span)
    }
    return notes
  }
}

extension RunningKernel {
  /// The head of `/proc/kcore`, live or captured; nil when there is none, and for a 32-bit kernel,
  /// whose program headers have another form.
  ///
  /// - Throws: ``MachineError/malformed(_:_:)`` for a file that is no ELF file, ends within its
  ///   headers or notes, or has more than 16 MiB of notes; ``MachineError/notPermitted(_:advice:)``
  ///   without `CAP_SYS_RAWIO`.
  public func core() throws(MachineError) -> KernelCore? {
    do throws(MachineError) {
      return try withCore { file in try KernelCore { try file.readBytes(at: $0) } }
    } catch {
      switch error {
      case .missing, .malformed(_, .unsupported(offset: 4, value: 1)): return nil
      default: throw error
      }
    }
  }
  /// Opens `/proc/kcore` for as long as `body` reads from it.
  func withCore<Value>(
    _ body: (OpenFile) throws -> Value
  ) throws(MachineError) -> Value {
    try withFile(corePath, whenNotPermitted: .coreIsForRoot, body)
  }
}
