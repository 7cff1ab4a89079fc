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

  /// Reads the text of `/proc/iomem`.
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

  /// Whether the kernel hid all addresses: it does from readers without `CAP_SYS_ADMIN`.
  public var isHidden: Bool {
    !entries.isEmpty && entries.allSatisfy { $0.start == 0 && $0.lastByte == 0 }
  }

  /// The addresses of all entries of this name, at any level.
  public func ranges(named name: String) -> [PhysicalRange] {
    entries.filter { $0.name == name }.compactMap(\.range)
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
