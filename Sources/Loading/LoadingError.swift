// SPDX-License-Identifier: Apache-2.0

/// Why a machine, a file or a plan is not to be had: one line for people, one number for programs.
public struct LoadingError: Error, Hashable, Sendable {
  /// What kind of failure it is.
  public let code: Code
  /// What was found, and where; in some cases a second line with advice.
  public let message: String
  /// What the caller can say to get on; its text is the end of ``description``. A program may have better
  /// words for it: the names of its own options.
  public let remedy: Remedy?

  /// A failure.
  public init(_ code: Code, _ message: String, remedy: Remedy? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }

  /// Kinds of failures, as exit codes of `sysexits.h`; later versions may know more.
  public enum Code: Int32, Hashable, Sendable, CaseIterable {
    /// What was asked for cannot be, whatever the machine: `EX_USAGE`.
    case usage = 64
    /// A file is not what it should be: `EX_DATAERR`.
    case malformedInput = 65
    /// A file is not there, or is none: `EX_NOINPUT`.
    case missingInput = 66
    /// The machine does not have what is needed: `EX_UNAVAILABLE`.
    case notOffered = 69
    /// A system call failed: `EX_OSERR`.
    case systemCall = 71
    /// A file could not be read: `EX_IOERR`.
    case inputOutput = 74
    /// This process may not do it: `EX_NOPERM`.
    case noPermission = 77
  }

  /// What a caller can say by hand; later versions may know more.
  public enum Remedy: Hashable, Sendable {
    /// The architecture.
    case architecture
    /// The architecture and the page size, which are not looked for then.
    case architectureAndPageSize
    /// The memory that is not to be dumped.
    case excludedMemory
    /// A machine besides the tree.
    case machine
  }
}

extension LoadingError: CustomStringConvertible {
  /// One line: where, what was found, what the rule is; in some cases a second one with advice.
  public var description: String { message + (remedy.map(\.description) ?? "") }
}

extension LoadingError.Remedy: CustomStringConvertible {
  /// The end of a message.
  public var description: String {
    switch self {
    case .architecture: "; the caller has to say it"
    case .architectureAndPageSize:
      "\nan architecture and a page size that are said make it unnecessary"
    case .excludedMemory: "\nboot with crashkernel=…, or say what is not to be dumped"
    case .machine: "\na machine whose memory is known may be named besides"
    }
  }
}
