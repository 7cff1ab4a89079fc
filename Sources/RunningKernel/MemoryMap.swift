// SPDX-License-Identifier: Apache-2.0

public import PhysicalMemory

/// What `/proc/iomem` says: who uses which physical addresses.
///
/// Format: `kernel/resource.c:r_show`, two blanks of indent a level, `first-last : name`.
public struct MemoryMap: Hashable, Sendable {
  /// A line of the file.
  public struct Entry: Hashable, Sendable {
    /// How many entries this one is inside of.
    public let level: Int
    /// The first byte.
    public let start: UInt64
    /// The last byte.
    public let lastByte: UInt64
    /// The name: `System RAM`, `Kernel code`, `reserved`.
    public let name: String

    /// The addresses; nil for the placeholder `0-0` of an unprivileged reader.
    public var range: PhysicalRange? {
      start == 0 && lastByte == 0 ? nil : PhysicalRange(start: start, lastByte: lastByte)
    }
  }

  /// The lines, in order.
  public let entries: [Entry]

  /// A line that cannot be read, counted from 1.
  public struct BadLine: Error, Hashable, Sendable {
    /// The number of the line.
    public let number: Int
    /// The line.
    public let text: String
  }

  /// Reads the text of `/proc/iomem`; empty lines are passed over.
  ///
  /// - Throws: ``BadLine`` for the first line that is not of this format, or whose last byte is below
  ///   its first.
  public init(_ text: String) throws(BadLine) {
    var entries: [Entry] = []
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() where !line.isEmpty {
      guard let entry = Entry(line) else {
        throw BadLine(number: index + 1, text: String(line.prefix(80)))
      }
      entries.append(entry)
    }
    self.entries = entries
  }

  /// Whether there are no entries at all: the file was there, and said nothing.
  public var isEmpty: Bool { entries.isEmpty }

  /// Whether the kernel hid all addresses: it prints zeros for a process that opened the file without
  /// `CAP_SYS_ADMIN` in the initial user namespace. Names and levels are true even then.
  public var isHidden: Bool {
    !isEmpty && entries.allSatisfy { $0.start == 0 && $0.lastByte == 0 }
  }
}

extension MemoryMap {
  /// The addresses of all entries of exactly this name, at any level; empty when they are hidden.
  public func ranges(named name: String) -> [PhysicalRange] {
    entries.filter { $0.name == name }.compactMap(\.range)
  }

  /// The memory that the firmware told the kernel of: `System RAM`, in the order of the file.
  ///
  /// Memory that a driver added later, such as `System RAM (kmem)`, is left out, because the next
  /// kernel does not know of it (`kernel/kexec_file.c:locate_mem_hole_callback`). So is `System RAM`
  /// inside of `System RAM`, which a shrunk crash kernel leaves behind
  /// (`kernel/crash_core.c:__crash_shrink_memory`). Neighbours are not joined. Empty when the
  /// addresses are hidden.
  public var systemRAM: [PhysicalRange] {
    var ranges: [PhysicalRange] = []
    var outerLevel: Int?
    for entry in entries {
      if let outerLevel, entry.level > outerLevel { continue }
      outerLevel = entry.name == "System RAM" ? entry.level : nil
      if outerLevel != nil, let range = entry.range { ranges.append(range) }
    }
    return ranges
  }

  /// What the running kernel or the firmware keeps, at any level, in the order of the file.
  ///
  /// arm64 prints `reserved`; riscv, loongarch and x86 print `Reserved`; what EFI reserved for good
  /// is `reserved` everywhere (`drivers/firmware/efi/efi.c:efi_mem_reserve_iomem`). Both count. A
  /// range may lie inside another one. Empty when the addresses are hidden.
  public var reserved: [PhysicalRange] {
    entries.filter { $0.name == "reserved" || $0.name == "Reserved" }.compactMap(\.range)
  }
}

extension MemoryMap.Entry {
  fileprivate init?(_ line: Substring) {
    let text = line.drop { $0 == " " }
    guard let dash = text.firstIndex(of: "-"), let blank = text[dash...].firstIndex(of: " "),
      text[blank...].hasPrefix(" : "),
      let start = text[..<dash].address,
      let last = text[text.index(after: dash)..<blank].address, start <= last
    else { return nil }
    self.init(
      level: (line.count - text.count) / 2, start: start, lastByte: last,
      name: String(text[blank...].dropFirst(3)))
  }
}

extension Substring {
  /// Hexadecimal digits, and nothing else, as a number.
  fileprivate var address: UInt64? {
    allSatisfy(\.isHexDigit) ? UInt64(self, radix: 16) : nil
  }
}
