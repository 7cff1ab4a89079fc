// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import KexecFacts
public import PhysicalMemory

/// The table of contents of a plan's folder: one fact per line, easy to read in a shell and in C.
///
/// ```
/// dtfix-plan 1
/// arch aarch64
/// type crash
/// entry 0x6d0406a0
/// flags 0x1
/// segment kernel 0x6ac00000 0x2010000 kernel.bin
/// ```
///
/// A segment has a name, a physical start, a size in memory, and the file in the same folder with
/// the bytes at its start; the rest of its memory is zero. Words are separated by one blank, numbers
/// are hexadecimal after `0x`.
public struct PlanManifest: Hashable, Sendable {
  /// A segment of the plan.
  public struct Segment: Hashable, Sendable {
    /// The kind of segment: `SegmentKind.name`.
    public let name: String
    /// Its memory.
    public let range: PhysicalRange
    /// The name of the file with its bytes.
    public let file: String

    package init(name: String, range: PhysicalRange, file: String) {
      (self.name, self.range, self.file) = (name, range, file)
    }
  }

  /// The architecture, as `uname -m` has it.
  public let architecture: String
  /// What the kernel is started for.
  public let purpose: Purpose
  /// The physical address that is jumped to.
  public let entry: UInt64
  /// The flags of kexec_load(2).
  public let flags: UInt64
  /// The segments, in the order in which they are handed over.
  public let segments: [Segment]

  package init(
    architecture: String, purpose: Purpose, entry: UInt64, flags: UInt64, segments: [Segment]
  ) {
    (self.architecture, self.purpose, self.entry) = (architecture, purpose, entry)
    (self.flags, self.segments) = (flags, segments)
  }

  /// A line that cannot be read.
  public struct BadLine: Error, Hashable, Sendable {
    /// The number of the line, from 1; for a missing line, one more than the last.
    public let number: Int
    /// The line, possibly cut.
    public let text: String
    /// What is wrong with it.
    public let reason: String
  }

  /// The file's name in its folder.
  public static let fileName = "manifest"
  /// The largest file that is read, in bytes.
  public static let sizeLimit = 64 << 10

  /// The file's text.
  public var text: String {
    let head = [
      "dtfix-plan 1", "arch \(architecture)", "type \(purpose.rawValue)",
      "entry \(hex(entry))", "flags \(hex(flags))",
    ]
    let rows = segments.map {
      "segment \($0.name) \(hex($0.range.start)) \(hex($0.range.size)) \($0.file)"
    }
    return (head + rows).map { $0 + "\n" }.joined()
  }
}

// MARK: - Reading

extension PlanManifest {
  /// Reads a file's text.
  ///
  /// - Throws: ``BadLine`` for a line that is not as ``text`` writes it, and for a file in another folder.
  public init(text: String) throws(BadLine) {
    var lines = LineReader(text)
    _ = try lines.required("dtfix-plan") { $0 == "1" ? $0 : nil }
    let architecture = try lines.required("arch") { $0.isVisible ? $0 : nil }
    let purpose = try lines.required("type") { Purpose(rawValue: $0) }
    let entry = try lines.required("entry", \.prefixedHexadecimal)
    let flags = try lines.required("flags", \.prefixedHexadecimal)
    var segments: [Segment] = []
    while !lines.isAtEnd {
      let segment = try lines.required("segment", Segment.init(words:))
      guard !segments.contains(where: { $0.name == segment.name }) else {
        throw lines.bad(lines.number - 1, "a second segment with this name")
      }
      segments.append(segment)
    }
    self.init(
      architecture: architecture, purpose: purpose, entry: entry, flags: flags,
      segments: segments)
  }
}

extension LineReader {
  /// What follows a word, which the next line begins with.
  fileprivate mutating func required<Value>(
    _ word: String, _ read: (String) -> Value?
  ) throws(PlanManifest.BadLine) -> Value {
    guard let value = next(word, read) else {
      throw bad(number, isAtEnd ? "there is no line '\(word) …'" : "not a line '\(word) …'")
    }
    return value
  }

  fileprivate func bad(_ number: Int, _ reason: String) -> PlanManifest.BadLine {
    PlanManifest.BadLine(number: number, text: text(ofLine: number) ?? "", reason: reason)
  }
}

extension PlanManifest.Segment {
  fileprivate init?(words text: String) {
    let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard words.count == 4, !words[0].isEmpty, words.allSatisfy(\.isVisible),
      let start = words[1].prefixedHexadecimal, let size = words[2].prefixedHexadecimal,
      let range = PhysicalRange(start: start, size: size),
      !["", ".", ".."].contains(words[3]), !words[3].contains("/")
    else { return nil }
    self.init(name: words[0], range: range, file: words[3])
  }
}

extension PlanManifest.BadLine: CustomStringConvertible {
  /// One line: which, what is wrong, and the line itself.
  public var description: String { "line \(number): \(reason): \"\(text)\"" }
}

extension String {
  fileprivate var isVisible: Bool { utf8.allSatisfy { 0x21...0x7e ~= $0 } }
}

/// A file of a plan, as far as a check reads it: the first bytes of kernel, initrd and extras.
public struct SegmentContent: Hashable, Sendable {
  /// Bytes in the file.
  public let size: Int
  /// Its first bytes: at most ``checkedSize(of:)``.
  public let start: [UInt8]

  /// A file whose first bytes were read.
  public init(start: [UInt8], size: Int) { (self.start, self.size) = (start, size) }

  /// A file that was read whole.
  public init(_ bytes: [UInt8]) { self.init(start: bytes, size: bytes.count) }

  /// How many bytes of a segment's file are read.
  ///
  /// - Parameter name: the segment's.
  public static func checkedSize(of name: String) -> Int {
    switch name {
    case SegmentKind.tree.name, SegmentKind.imaBuffer.name: 64 << 20
    case SegmentKind.coreHeader.name: 4 << 20
    default: 64 << 10
    }
  }
}
