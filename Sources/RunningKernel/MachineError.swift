// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat
public import DeviceTree
public import Kexec
public import SystemPackage

/// Why a fact about a machine could not be read.
public enum MachineError: Error, Hashable, Sendable {
  /// There is no such file.
  case missing(FilePath, advice: Advice?)
  /// The file is there, and this process may not read it.
  case notPermitted(FilePath, advice: Advice?)
  /// There is something else than a regular file in its place.
  case notRegular(FilePath, FileKind)
  /// The file could not be read.
  case unreadable(FilePath, Errno)
  /// The file does not end within what such a file can have.
  case tooLarge(FilePath, limit: Int)
  /// A line of a text file is not as the kernel prints it; lines count from 1.
  case malformedLine(FilePath, line: Int, text: String)
  /// The file is not in its format.
  case malformed(FilePath, FormatError)
  /// The file or folder is no device tree, or has something in it that no blob can hold.
  case malformedTree(FilePath, DeviceTreeError)
  /// The folder or archive has nothing in it.
  case emptyTree(FilePath)
  /// The folder is a tree, or the file a list, that changed each time while it was read.
  case unsteady(FilePath, attempts: Int)

  /// What may be in the place of a regular file.
  public enum FileKind: Hashable, Sendable {
    /// A folder.
    case folder
    /// A pipe with a name (FIFO), or one without.
    case pipe
    /// A character device.
    case characterDevice
    /// A block device.
    case blockDevice
    /// A socket.
    case socket
  }

  /// What the absence of a file means, or what reading it takes.
  public enum Advice: Hashable, Sendable {
    /// `/sys/firmware/fdt` is missing.
    case noTreeAtBoot
    /// `/proc/device-tree` is missing.
    case noLiveTree
    /// `/sys/firmware/fdt` is closed to this process.
    case treeIsForRoot
    /// `/proc/kcore` is closed to this process.
    case coreIsForRoot
    /// `crash_notes` is closed to this process.
    case notesAreForRoot
    /// `binary_runtime_measurements` is closed to this process.
    case measurementsAreForRoot
  }
}

extension MachineError.Advice: CustomStringConvertible {
  /// One line.
  public var description: String {
    switch self {
    case .noTreeAtBoot:
      "this machine was booted without a device tree, or it is no capture of one"
    case .noLiveTree:
      "this machine's kernel keeps no device tree (as with ACPI), or it is no capture of one"
    case .treeIsForRoot, .notesAreForRoot:
      "only root may read it (mode 0400), or a process with CAP_DAC_READ_SEARCH"
    case .measurementsAreForRoot:
      "only root and root's group may read it (mode 0440), or a process with CAP_DAC_READ_SEARCH"
    case .coreIsForRoot:
      "only root may read it (mode 0400); that of a live kernel takes CAP_SYS_RAWIO as well"
    }
  }
}

extension MachineError.FileKind: CustomStringConvertible {
  /// With its article.
  public var description: String {
    switch self {
    case .folder: "a folder"
    case .pipe: "a pipe"
    case .characterDevice: "a character device"
    case .blockDevice: "a block device"
    case .socket: "a socket"
    }
  }
}

extension MachineError: CustomStringConvertible {
  /// One line: the file, then what is wrong; where something can be done, a second one with advice.
  public var description: String {
    switch self {
    case .missing(let path, let advice), .notPermitted(let path, let advice):
      "\(path): \(reason)" + (advice.map { "\n\($0)" } ?? "")
    case .notRegular(let path, _), .unreadable(let path, _), .tooLarge(let path, _),
      .malformedLine(let path, _, _), .malformed(let path, _), .malformedTree(let path, _),
      .emptyTree(let path), .unsteady(let path, _):
      "\(path): \(reason)"
    }
  }

  /// What is wrong with the file.
  var reason: String {
    switch self {
    case .missing: "no such file"
    case .notPermitted: "permission denied"
    case .notRegular(_, let kind): "\(kind), not a regular file"
    case .unreadable(_, let errno): "\(errno)"
    case .tooLarge(_, let limit): "more than \(limit >> 20) MiB, which no such file has"
    case .malformedLine(_, let line, let text):
      "line \(line): not a line of this file: \(text)"
    case .malformed(_, let error): "\(error)"
    case .malformedTree(_, let error): "\(error)"
    case .emptyTree: "nothing is in it; a device tree has a root with properties"
    case .unsteady(_, let attempts): "changed while it was read, \(attempts) times in a row"
    }
  }
}

extension KexecError {
  /// A file that cannot be read.
  ///
  /// - Parameters:
  ///   - error: why not.
  ///   - missing: what its absence means.
  public init(_ error: MachineError, missing: Kind = .missingInput) {
    switch error {
    case .missing: self.init(missing, "\(error)")
    case .notPermitted: self.init(.noPermission, "\(error)")
    case .notRegular: self.init(.missingInput, "\(error)")
    case .unreadable(_, let errno):
      self.init(errno == .isDirectory ? .missingInput : .inputOutput, "\(error)")
    case .tooLarge, .malformedLine, .malformed, .malformedTree, .emptyTree:
      self.init(.malformedInput, "\(error)")
    case .unsteady: self.init(.inputOutput, "\(error)")
    }
  }
}
