// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat
public import DeviceTree
public import Kexec
public import SystemPackage

/// Why a fact about a machine could not be read.
public enum MachineError: Error, Hashable, Sendable {
  /// There is no such file.
  case missing(FilePath, advice: Advice?)
  /// This process may not read the file.
  case notPermitted(FilePath, advice: Advice?)
  /// It is not a regular file.
  case notRegular(FilePath, FileKind)
  /// The file could not be read.
  case unreadable(FilePath, Errno)
  /// The file is larger than such a file can be.
  case tooLarge(FilePath, limit: Int)
  /// A line of a text file is not as the kernel prints it; lines count from 1.
  case malformedLine(FilePath, line: Int, text: String)
  /// The file is not in its format.
  case malformed(FilePath, FormatError)
  /// The file or folder is not a device tree, or has something that no blob can have.
  case malformedTree(FilePath, DeviceTreeError)
  /// The folder or archive is empty.
  case emptyTree(FilePath)
  /// The tree or list changed each time while it was read.
  case unsteady(FilePath, attempts: Int)

  /// A kind of file that is not regular.
  public enum FileKind: String, Hashable, Sendable {
    /// A directory.
    case folder = "a folder"
    /// A FIFO or a pipe.
    case pipe = "a pipe"
    /// A character device.
    case characterDevice = "a character device"
    /// A block device.
    case blockDevice = "a block device"
    /// A socket.
    case socket = "a socket"
  }

  /// What the absence of a file means, or what reading it takes.
  public enum Advice: String, Hashable, Sendable, CustomStringConvertible {
    /// `/sys/firmware/fdt` is missing.
    case noTreeAtBoot =
      "this machine was booted without a device tree, or this is not a capture of one"
    /// `/proc/device-tree` is missing.
    case noLiveTree =
      "this machine's kernel keeps no device tree (as with ACPI), or this is not a capture of one"
    /// The tree or `crash_notes` is not readable.
    case isForRoot = "only root may read it (mode 0400), or a process with CAP_DAC_READ_SEARCH"
    /// `binary_runtime_measurements` is not readable.
    case measurementsAreForRoot =
      "only root and root's group may read it (mode 0440), or a process with CAP_DAC_READ_SEARCH"
    /// `/proc/kcore` is not readable.
    case coreIsForRoot =
      "only root may read it (mode 0400); that of a live kernel takes CAP_SYS_RAWIO as well"

    /// One line.
    public var description: String { rawValue }
  }
}

extension MachineError: CustomStringConvertible {
  /// One line: the file, then what is wrong; a second line with advice where there is some.
  public var description: String {
    let (path, reason, advice) = parts
    return "\(path): \(reason)" + (advice.map { "\n\($0)" } ?? "")
  }

  /// What is wrong with the file.
  var reason: String { parts.reason }

  fileprivate var parts: (path: FilePath, reason: String, advice: Advice?) {
    switch self {
    case .missing(let path, let advice): (path, "no such file", advice)
    case .notPermitted(let path, let advice): (path, "permission denied", advice)
    case .notRegular(let path, let kind): (path, "\(kind.rawValue), not a regular file", nil)
    case .unreadable(let path, let errno): (path, "\(errno)", nil)
    case .tooLarge(let path, let limit):
      (path, "more than \(limit >> 20) MiB, which no such file has", nil)
    case .malformedLine(let path, let line, let text):
      (path, "line \(line): not a line of this file: \(text)", nil)
    case .malformed(let path, let error): (path, "\(error)", nil)
    case .malformedTree(let path, let error): (path, "\(error)", nil)
    case .emptyTree(let path):
      (path, "it is empty; a device tree has a root with properties", nil)
    case .unsteady(let path, let attempts):
      (path, "changed while it was read, \(attempts) times in a row", nil)
    }
  }
}

extension MachineError {
  init(_ line: MemoryMap.BadLine, in file: FilePath) {
    self = .malformedLine(file, line: line.number, text: line.text)
  }
}

extension KexecError {
  /// A file that cannot be read.
  ///
  /// - Parameters:
  ///   - error: the reason.
  ///   - missing: what the absence of the file means.
  public init(_ error: MachineError, missing: Kind = .missingInput) {
    let kind: Kind =
      switch error {
      case .missing: missing
      case .notPermitted: .noPermission
      case .notRegular, .unreadable(_, .isDirectory): .missingInput
      case .unreadable, .unsteady: .inputOutput
      case .tooLarge, .malformedLine, .malformed, .malformedTree, .emptyTree: .malformedInput
      }
    self.init(
      kind, "\(error.parts.path): \(error.reason)",
      advice: error.parts.advice.map { .text("\($0)") })
  }
}
