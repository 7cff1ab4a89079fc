// SPDX-License-Identifier: Apache-2.0

public import DeviceTree

/// Why something cannot be read, made or planned.
///
/// The ``kind`` is the exit code of a program and the number of a C call. The ``subject`` is a role, whose name
/// the caller knows: a file, an option, a member of a struct.
public struct KexecError: Error, Hashable, Sendable {
  /// What kind of failure it is.
  public let kind: Kind
  /// What is at fault.
  public let subject: Subject
  /// What was found and what the rule is, without the name of the subject and without the citation.
  public let text: String
  /// Who demands it; nil where the text says that, and for rules of this package.
  public let rule: Rule?
  /// What the caller can do.
  public let advice: Advice?
  /// The values in the text, for callers that need them.
  public let cause: Cause?

  /// A failure.
  public init(
    _ kind: Kind, _ text: String, about subject: Subject = .named, rule: Rule? = nil,
    advice: Advice? = nil, cause: Cause? = nil
  ) {
    self.kind = kind
    self.subject = subject
    self.text = text
    self.rule = rule
    self.advice = advice
    self.cause = cause
  }

  /// Kinds of failures, as exit codes of `sysexits.h`; later versions may have more.
  public enum Kind: Int32, Hashable, Sendable, CaseIterable {
    /// The request cannot be met, whatever the machine: `EX_USAGE`.
    case usage = 64
    /// A file is not what it should be: `EX_DATAERR`.
    case malformedInput = 65
    /// A file does not exist, or is not a file: `EX_NOINPUT`.
    case missingInput = 66
    /// The machine does not have what is needed: `EX_UNAVAILABLE`.
    case notOffered = 69
    /// A system call failed: `EX_OSERR`.
    case systemCall = 71
    /// A file cannot be created: `EX_CANTCREAT`.
    case cannotCreate = 73
    /// A file cannot be read or written: `EX_IOERR`.
    case inputOutput = 74
    /// This process lacks the permission: `EX_NOPERM`.
    case noPermission = 77
  }

  /// What is at fault, as a role; later versions may have more.
  public indirect enum Subject: Hashable, Sendable {
    // One word, like the cause: every fact of a machine may hold an error.
    /// The text names it.
    case named
    /// The tree that the next one is made of.
    case tree
    /// An edit that the caller requested: the text begins with it.
    case edit
    /// A property of `/chosen` that an edit and the hand-over both set.
    case chosenProperty(String)
    /// The architecture.
    case architecture
    /// The kernel that is to be started.
    case kernel
    /// The command line of the next kernel.
    case commandLine
    /// The seed for KASLR.
    case kaslrSeed
    /// The memory that a crash kernel may use.
    case usableMemory
    /// The address of the backup: ppc64.
    case backup
    /// Something that is handed over.
    case handedOver(KexecInput)
    /// The machine, for facts that it lists or that are given in their place.
    case machine
    /// The machine's list of its memory.
    case memoryMap
    /// The tree, core header or plan that was made.
    case result
  }

  /// What the caller can do; each program has its own words for it. Later versions may have more.
  public enum Advice: Hashable, Sendable {
    /// Name the architecture.
    case nameArchitecture
    /// Give the architecture and the page size, which are not looked for then.
    case giveArchitectureAndPageSize
    /// Set memory apart at boot, or say what is not to be dumped.
    case excludeMemory
    /// Set memory apart at boot, or give the memory that the crash kernel may use.
    case giveUsableMemory
    /// Name a machine in addition to the tree.
    case nameMachine
    /// Give the address of the backup.
    case giveBackup
    /// Say which of two facts is right.
    case giveKernelLayout
    /// Join ranges that touch.
    case joinNeighbours
    /// Delete the old initrd's properties.
    case deleteOldInitrd
    /// Plan a kexec, which makes the command line.
    case planInstead
    /// What the text says, whatever the program.
    case text(String)
  }

  /// The values of a failure; later versions may have more.
  public indirect enum Cause: Hashable, Sendable {
    /// The tree cannot be read or edited.
    case tree(DeviceTreeError)
    /// A board's tree and the machine's contradict each other.
    case conflict(MergeConflict)
    /// A segment has no place.
    case noRoom(NoRoom)
    /// The result breaks these rules.
    case findings([Finding])
  }
}

extension KexecError {
  /// One line: what was found, what the rule is.
  public var message: String { text + (rule?.note ?? "") }

  /// Why there is no room; nil for another failure.
  public var noRoom: NoRoom? {
    guard case .noRoom(let room)? = cause else { return nil }
    return room
  }

  /// The rules that the result breaks; none for another failure.
  public var findings: [Finding] {
    guard case .findings(let findings)? = cause else { return [] }
    return findings
  }
}

extension KexecError: CustomStringConvertible {
  /// One line: what was found, what the rule is; in some cases a second one with advice.
  public var description: String { message + (advice?.description ?? "") }
}

extension KexecError.Advice: CustomStringConvertible {
  /// The end of a message, for callers without better words; empty where only a program's own would help.
  public var description: String {
    switch self {
    case .nameArchitecture: "; name it"
    case .giveArchitectureAndPageSize:
      "\nit is not needed where architecture and page size are given"
    case .excludeMemory: "\nboot with crashkernel=…, or exclude memory from the dump"
    case .nameMachine: "\na machine whose memory is known may be given as well"
    case .text(let text): "\n\(text)"
    case .giveUsableMemory, .giveBackup, .giveKernelLayout, .joinNeighbours, .deleteOldInitrd,
      .planInstead:
      ""
    }
  }
}
