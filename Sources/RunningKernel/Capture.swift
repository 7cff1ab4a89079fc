// SPDX-License-Identifier: Apache-2.0

/// What offline work needs of a machine, saved: the files of /proc and /sys that this package reads, under
/// their own paths, and one that says how they were taken.
///
/// A folder with these files is a machine to ``RunningKernel``, and everything made of it is what would
/// have been made on the machine: byte for byte, but for secrets, which are zeros here.
public struct Capture: Hashable, Sendable {
  /// A file or an empty folder.
  public struct Entry: Hashable, Sendable {
    /// Its path in the capture: `proc/iomem`.
    public let path: String
    /// Its bytes; nil for a folder with nothing in it: a node without properties.
    public let bytes: [UInt8]?
  }

  /// A secret in whose place there are zeros now: `SecretProperty` of DeviceTree, or a note of
  /// `/proc/kcore` about the process that read it.
  public struct Secret: Hashable, Sendable {
    /// Where it was: `proc/device-tree/chosen/kaslr-seed`, `sys/firmware/fdt:/chosen:kaslr-seed`.
    public let path: String
    /// Its size in bytes.
    public let byteCount: Int
  }

  /// Something that is there and could not be read.
  public struct Unread: Hashable, Sendable {
    /// Its path in the capture; blanks and odd characters as `%20`.
    public let path: String
    /// Why, in a line.
    public let reason: String

    /// Whether root could have read it.
    public var isForRoot: Bool { reason.hasPrefix(Self.notPermitted) }

    /// How the reasons begin that root does not have.
    static let notPermitted = "permission denied"
  }

  /// What the machine says of itself.
  public let facts: CaptureFacts
  /// The files, sorted by their paths, folder by folder; ``factsPath`` is one of them.
  public let entries: [Entry]
  /// The secrets that are not in it, sorted by their paths.
  public let secrets: [Secret]
  /// What is missing though it is there, sorted by its path.
  public let unread: [Unread]
  /// Whether there is a tree in it, or memory with its addresses: without both it is good for nothing.
  public let isUseful: Bool

  /// The path of the file that says how the others were taken.
  public static let factsPath = "capture"
}

/// What a capture says of its machine, where no other file does.
public struct CaptureFacts: Hashable, Sendable {
  /// The version of this package that took it.
  public let version: String
  /// As `uname -m` names it; nil when it is not known.
  public let architecture: String?
  /// Bytes in a page; nil when it is not known.
  public let pageSize: UInt64?
}

extension RunningKernel {
  /// Saves what offline work needs of the machine: this one, or a captured one once more.
  ///
  /// What is missing is left out without a word. What cannot be read is told in ``Capture/unread``, and is
  /// no error.
  ///
  /// - Parameters:
  ///   - version: of the program that takes it.
  ///   - measurements: whether the measurement list of IMA is saved, too: it names every file that
  ///     was run.
  /// - Throws: ``MachineError/malformedLine(_:line:text:)`` for a machine that is a capture itself and
  ///   says so in a way that cannot be read.
  public func capture(version: String, measurements: Bool = false) throws(MachineError) -> Capture {
    var draft = CaptureDraft(of: self, try captureFile())
    draft.addTrees()
    draft.addCore()
    draft.addFiles(measurements: measurements)
    return draft.capture(version: version)
  }
}
