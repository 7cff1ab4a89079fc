// SPDX-License-Identifier: Apache-2.0

public import PhysicalMemory

/// What `/proc/iomem` says: who uses which physical addresses.
///
/// The entries are in the order of the file: parents before their children, neighbours in rising order.
public struct MemoryMap: Hashable, Sendable {
  /// A line of the file.
  public struct Entry: Hashable, Sendable {
    /// How many entries this one is inside of, as far as the file tells.
    public let level: Int
    /// The first byte.
    public let start: UInt64
    /// The last byte.
    public let lastByte: UInt64
    /// The name: `System RAM`, `Kernel code`, `reserved`.
    public let name: String

    /// The addresses; nil for the placeholder `0-0` of an unprivileged reader. The very last byte of
    /// the address space, which no range can have, is left out.
    public var range: PhysicalRange? {
      guard start != 0 || lastByte != 0 else { return nil }
      return PhysicalRange(start: start, lastByte: min(lastByte, .max - 1))
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

  init(entries: [Entry]) {
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
