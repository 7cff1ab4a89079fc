// SPDX-License-Identifier: Apache-2.0

/// What lies in the memory of a crash kernel; later versions may know more.
public enum CrashPart: String, Hashable, Sendable {
  /// The memory that it may use.
  case usableMemory = "usable memory"
  /// The core header.
  case coreHeader = "core header"
  /// The initrd.
  case initrd
}

extension CrashPart: CustomStringConvertible {
  /// Its name.
  public var description: String { rawValue }
}

/// A fact without which there is no core header; later versions may know more.
public enum CrashFact: Hashable, Sendable {
  /// Where the vmcoreinfo note is: no tool can read a dump without it.
  case vmcoreinfo
  /// Where the CPUs' registers are saved.
  case cpuNotes
  /// What RAM there is.
  case memory
  /// Where the first 64 KiB are copied to: ppc64.
  case backup
}

extension CrashFact: CustomStringConvertible {
  /// One line: what is missing, and why it is needed.
  public var description: String {
    switch self {
    case .vmcoreinfo:
      "no vmcoreinfo note: a crash dump without it is useless [vmcore.c:merge_note_headers_elf64]"
    case .cpuNotes: "no register notes of any CPU [cpu.c:crash_notes_show]"
    case .memory: "no RAM is known"
    case .backup:
      "where the first 64 KiB are copied to is not known [crash.c:sync_backup_region_phdr]"
    }
  }
}
