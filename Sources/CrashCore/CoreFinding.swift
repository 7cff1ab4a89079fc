// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// A defect of a core header (elfcorehdr): the crash kernel refuses it, or it spoils the dump.
public struct CoreFinding: Hashable, Sendable {
  /// How much is lost.
  public enum Severity: Hashable, Sendable {
    /// The crash kernel refuses the header: there is no `/proc/vmcore` at all.
    case refused
    /// There is a `/proc/vmcore`, but memory is missing or wrong in it, or tools cannot read it.
    case useless
    /// The dump may be good; the maker of the header should look.
    case warning
  }

  /// A place in the header.
  public enum Place: Hashable, Sendable {
    /// A field, in bytes from the start.
    case offset(Int)
    /// A program header, counted from 0.
    case programHeader(Int)
    /// The program headers as a whole.
    case programHeaders
  }

  /// A function of Linux.
  public struct Rule: Hashable, Sendable, CustomStringConvertible {
    /// The file, from the top of the source.
    public let file: String
    /// The function or macro.
    public let name: String

    /// `fs/proc/vmcore.c:merge_note_headers_elf64`.
    public var description: String { "\(file):\(name)" }
  }

  /// Where it is.
  public let place: Place
  package let problem: CoreProblem

  init(_ place: Place, _ problem: CoreProblem) {
    self.place = place
    self.problem = problem
  }

  /// How much is lost.
  public var severity: Severity { problem.verdict.severity }
  /// What was found there, and what should be, in one line.
  public var text: String { problem.verdict.text }
  /// Where Linux decides it.
  public var rule: Rule { problem.verdict.rule }
}

extension CoreFinding: CustomStringConvertible {
  /// One line: severity, place, what was found, and the rule.
  public var description: String {
    "\(severity): \(place): \(text) [\(rule.file.split(separator: "/").last ?? ""):\(rule.name)]"
  }
}

extension CoreFinding.Place: CustomStringConvertible {
  /// `offset 0x10`, `program header 3` or `program headers`.
  public var description: String {
    switch self {
    case .offset(let offset): "offset \(hex(offset))"
    case .programHeader(let number): "program header \(number)"
    case .programHeaders: "program headers"
    }
  }
}
