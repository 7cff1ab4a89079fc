// SPDX-License-Identifier: Apache-2.0

/// The version of this package, by `CHANGELOG.md`.
package let packageVersion = "0.1.0"

/// A saved machine: the files of /proc and /sys that this package reads, under their own paths, and one
/// that says how they were taken.
///
/// To ``RunningKernel``, a folder with these files is a machine. Everything made from it equals what would be
/// made on the machine, byte for byte, but for secrets, which are zeros here.
public struct Capture: Hashable, Sendable {
  /// A file or an empty folder.
  public struct Entry: Hashable, Sendable {
    /// Its path in the capture: `proc/iomem`.
    public let path: String
    /// Its bytes; nil for an empty folder: a node without properties.
    public let bytes: [UInt8]?
  }

  /// A secret that was zeroed: `SecretProperty` of DeviceTree, or the note of `/proc/kcore` about the
  /// process that read it.
  public struct Secret: Hashable, Sendable {
    /// Its path: `proc/device-tree/chosen/kaslr-seed`, `sys/firmware/fdt:/chosen:kaslr-seed`.
    public let path: String
    /// Its size in bytes.
    public let byteCount: Int
  }

  /// A file or folder that exists and could not be read.
  public struct Unread: Hashable, Sendable {
    /// Its path in the capture; blanks and characters outside of ASCII as `%20`.
    public let path: String
    /// The reason, in a line.
    public let reason: String

    /// Whether root could have read it.
    public var isForRoot: Bool { reason.hasPrefix(Self.notPermitted) }

    /// The start of each reason that root does not have.
    static let notPermitted = "permission denied"
  }

  /// Version, architecture and page size.
  public let facts: CaptureFacts
  /// The files, sorted by their paths, folder by folder; ``factsPath`` is one of them.
  public let entries: [Entry]
  /// The secrets that were zeroed, sorted by their paths.
  public let secrets: [Secret]
  /// What could not be read, sorted by path.
  public let unread: [Unread]
  /// Whether it has a tree, or memory with its addresses; without both it is of no use.
  public let isUseful: Bool

  /// The path of the file that says how the others were taken.
  public static let factsPath = "capture"
}

/// The facts of a captured machine that no other file has.
public struct CaptureFacts: Hashable, Sendable {
  /// The version of this package that took the capture.
  public let version: String
  /// As `uname -m` names it; nil when unknown.
  public let architecture: String?
  /// Bytes in a page; nil when unknown.
  public let pageSize: UInt64?
}

extension RunningKernel {
  /// Saves what offline work needs of the machine: this one, or a captured one again.
  ///
  /// Missing files are left out. Unreadable ones are listed in ``Capture/unread``, and are no error.
  ///
  /// - Parameters:
  ///   - version: of the program that takes it.
  ///   - measurements: whether to save the measurement list of IMA, which names every file that was run.
  /// - Throws: ``MachineError/malformedLine(_:line:text:)`` for a capture whose own file is malformed.
  public func capture(version: String, measurements: Bool = false) throws(MachineError) -> Capture {
    var draft = CaptureDraft(of: self, try captureFile())
    draft.addFlatTree()
    draft.addLiveTree()
    draft.addCore()
    draft.addFiles(measurements: measurements)
    return draft.capture(version: version)
  }
}
