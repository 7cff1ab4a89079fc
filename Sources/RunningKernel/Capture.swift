// SPDX-License-Identifier: Apache-2.0

/// The version of this package, by `CHANGELOG.md`.
package let packageVersion = "0.1.0"

/// A saved machine: the files of /proc and /sys that this package reads, under their own paths, and one file
/// that describes how they were taken.
///
/// ``RunningKernel`` reads a folder with these files as a machine. All results are those of the machine, byte
/// for byte, except for secrets, which are zeroed.
package struct Capture: Hashable, Sendable {
  /// A file, or a folder without bytes: a node without properties.
  package struct Entry: Hashable, Sendable {
    /// The path in the capture: `proc/iomem`.
    package let path: String
    package let bytes: [UInt8]?
  }

  /// A secret that was zeroed: `SecretProperty` of DeviceTree, or the note of `/proc/kcore` about the
  /// process that read it.
  package struct Secret: Hashable, Sendable {
    /// `proc/device-tree/chosen/kaslr-seed`, `sys/firmware/fdt:/chosen:kaslr-seed`.
    package let path: String
    package let byteCount: Int
  }

  /// A file or folder that exists and could not be read.
  package struct Unread: Hashable, Sendable {
    /// Its path in the capture; blanks and characters outside of ASCII as `%20`.
    package let path: String
    package let reason: String

    /// Whether root could have read it.
    package var isForRoot: Bool { reason.hasPrefix(Self.notPermitted) }

    /// The start of each reason that root does not have.
    static let notPermitted = "permission denied"
  }

  package let facts: CaptureFacts
  /// The files, sorted by their paths, folder by folder; ``factsPath`` is one of them.
  package let entries: [Entry]
  /// The secrets that were zeroed, sorted by their paths.
  package let secrets: [Secret]
  /// What could not be read, sorted by path.
  package let unread: [Unread]
  /// Whether it has a tree, or memory with its addresses.
  package let isUseful: Bool

  /// The path of the file that describes how the capture was taken.
  package static let factsPath = "capture"
}

/// The facts of a captured machine that are in no other file.
package struct CaptureFacts: Hashable, Sendable {
  /// The version of this package that took the capture.
  package let version: String
  /// As `uname -m` names it.
  package let architecture: String?
  package let pageSize: UInt64?
}

extension RunningKernel {
  /// Saves the files that offline work needs, of this machine or of a capture.
  ///
  /// Missing files are left out; unreadable ones are listed in `Capture.unread`.
  ///
  /// - Parameters:
  ///   - version: the version of the calling program.
  ///   - measurements: whether to save the measurement list of IMA, which names every program that was run.
  /// - Throws: ``MachineError/missing(_:advice:)`` without a root, ``MachineError/malformedLine(_:line:text:)``
  ///   for a capture whose own file is malformed.
  package func capture(version: String, measurements: Bool = false) throws(MachineError) -> Capture
  {
    guard exists else { throw .missing(root, advice: nil) }
    var draft = CaptureDraft(of: self, try captureFile())
    draft.addFlatTree()
    draft.addLiveTree()
    draft.addCore()
    draft.addFiles(measurements: measurements)
    return draft.capture(version: version)
  }
}
