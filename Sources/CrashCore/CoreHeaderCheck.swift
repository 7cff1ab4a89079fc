// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF

/// Reads a core header (elfcorehdr) as the crash kernel will, and finds what that would refuse and what
/// would spoil the dump.
///
/// Source: `fs/proc/vmcore.c:parse_crash_elf64_headers` and what it calls. It uses nothing of what writes
/// headers.
public struct CoreHeaderCheck: Hashable, Sendable {
  /// The machine that the header is compared with.
  public let machine: CoreMachine

  /// A check against the known facts of a machine; without them, of the header alone.
  public init(of machine: CoreMachine = CoreMachine()) {
    self.machine = machine
  }

  /// The defects of a header; empty for a good one.
  ///
  /// - Parameter header: its bytes, with or without padding.
  public func findings(in header: Span<UInt8>) -> [CoreFinding] {
    let fields: ELFHeader.Fields
    do throws(FormatError) {
      fields = try ELFHeader.Fields(coreHeader: header)
    } catch .badMagic {
      return [CoreFinding(.offset(0), .notELF)]
    } catch {
      return [CoreFinding(.offset(0), .truncated(size: ELFHeader.size))]
    }
    let findings = self.findings(in: fields)
    guard fields.hasTableBehindHeader else { return findings }
    let segments = CoreSegment.segments(
      fields.programHeaders(header), machine: fields.machine, vmcoreinfo: machine.vmcoreinfo)
    return findings + sizeFindings(fields, header) + noteFindings(segments)
      + memoryFindings(segments) + machineFindings(segments, fields.machine)
  }

  /// The rules for the fields of the file header, in the order of the file.
  private func findings(in fields: ELFHeader.Fields) -> [CoreFinding] {
    var findings: [CoreFinding] = []
    func expect(_ isGood: Bool, at offset: Int, _ problem: CoreProblem) {
      if !isGood { findings.append(CoreFinding(.offset(offset), problem)) }
    }
    guard fields.fileClass == 2 else {
      // A 32-bit header has its fields elsewhere.
      return [CoreFinding(.offset(4), classProblem(fields))]
    }
    expect(
      fields.data == fields.label, at: 5,
      .mislabelledByteOrder(fields.data, expected: fields.label))
    expect(machine.byteOrder.map { $0 == fields.byteOrder } != false, at: 5, .otherByteOrder)
    expect(
      fields.identificationVersion == 1, at: 6,
      .identificationVersion(fields.identificationVersion))
    expect(fields.type == ELFHeader.core, at: 16, .type(fields.type))
    if let problem = machineProblem(fields.machine) { expect(false, at: 18, problem) }
    expect(fields.version == 1, at: 20, .version(fields.version))
    expect(fields.tableOffset == 64, at: 32, .tableElsewhere(fields.tableOffset))
    expect(fields.headerSize == 64, at: 52, .headerSize(fields.headerSize))
    expect(fields.entrySize == 56, at: 54, .entrySize(fields.entrySize))
    expect(fields.count > 0, at: 56, .noProgramHeaders)
    expect(fields.count != .max, at: 56, .extendedCount)
    return findings
  }

  /// 32-bit kernels take a 32-bit header, and no other.
  private func classProblem(_ fields: ELFHeader.Fields) -> CoreProblem {
    let is64Bit = (machine.machine ?? fields.machine).classes == [.bits64]
    return fields.fileClass == 1 && !is64Bit ? .notChecked : .fileClass(fields.fileClass)
  }

  /// `vmcore_elf64_check_arch` of each architecture.
  private func machineProblem(_ found: Machine) -> CoreProblem? {
    if found.refusesCoreHeaders { return .neverAccepted }
    if let expected = machine.machine {
      return found == expected ? nil : .otherMachine(found, expected: expected)
    }
    return found.classes.contains(.bits64) ? nil : .unknownMachine(found)
  }

  private func sizeFindings(_ fields: ELFHeader.Fields, _ header: Span<UInt8>) -> [CoreFinding] {
    if fields.tableEnd > header.count {
      // `extendedCount` is a finding already.
      return fields.count == .max
        ? [] : [CoreFinding(.offset(56), .truncated(size: fields.tableEnd))]
    }
    guard let offset = (fields.tableEnd..<header.count).first(where: { header[$0] != 0 }) else {
      return []
    }
    return [CoreFinding(.offset(offset), .trailingBytes)]
  }
}

// A core header's file header, as the crash kernel reads it.
extension ELFHeader.Fields {
  /// The `EI_DATA` of the byte order that the fields are in.
  var label: UInt8 { byteOrder == .little ? 1 : 2 }
  /// The end of the program headers, as the crash kernel reads them.
  var tableEnd: Int { ELFHeader.size + Int(count) * ProgramHeader.size }
  /// Whether there are program headers where the crash kernel reads them.
  var hasTableBehindHeader: Bool {
    fileClass == 2 && tableOffset == 64 && headerSize == 64 && entrySize == 56 && count > 0
  }

  /// Reads the fields in the byte order in which they make sense: the crash kernel does not look at
  /// `EI_DATA`, and a big-endian kernel writes 1 there
  /// (`kernel/crash_core.c:crash_prepare_elf64_headers`).
  ///
  /// - Throws: `FormatError.badMagic`, and `truncated`.
  init(coreHeader file: Span<UInt8>) throws(FormatError) {
    try ELFHeader.checkMagic(file)
    let little = try Self(file, .little)
    let big = try Self(file, .big)
    let (labelled, other) = little.data == 2 ? (big, little) : (little, big)
    let isOther = other.headerSize == ELFHeader.size && other.entrySize == ProgramHeader.size
    self = isOther ? other : labelled
  }

  /// The program headers that are whole in the file.
  func programHeaders(_ file: Span<UInt8>) -> [ProgramHeader] {
    let inFile = max(0, file.count - ELFHeader.size) / ProgramHeader.size
    let count = min(Int(count), inFile, ELFHeader.mostProgramHeaders)
    let table = file.extracting(ELFHeader.size..<ELFHeader.size + count * ProgramHeader.size)
    do throws(FormatError) {
      let header = try ELFHeader(coreOf: machine, byteOrder, programHeaderCount: count)
      return try ELFFile(header, programHeaders: table).programHeaders
    } catch {
      preconditionFailure("the bytes of \(count) program headers are program headers: \(error)")
    }
  }
}
