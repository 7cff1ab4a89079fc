// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KernelImage
import Kexec
import RunningKernel

/// Why the program did not do what it was asked for: one line, and at most one of what to do.
struct Failure: Error {
  let code: Code
  let message: String

  /// Exit codes of `sysexits.h`, as dtfix has them.
  enum Code: Int32 {
    case usage = 64
    case malformedInput = 65
    case missingInput = 66
    case notOffered = 69
    case systemCall = 71
    case inputOutput = 74
    case noPermission = 77
  }

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  init(_ error: MachineError) {
    switch error {
    case .missing, .notRegular: self.init(.missingInput, "\(error)")
    case .notPermitted: self.init(.noPermission, "\(error)")
    case .unreadable, .unsteady: self.init(.inputOutput, "\(error)")
    case .tooLarge, .malformedLine, .malformed, .malformedTree, .emptyTree:
      self.init(.malformedInput, "\(error)")
    }
  }

  init(_ error: PlanError) {
    switch error {
    case .commandLineTooLong, .commandLineHasNUL, .handoverOnCommandLine:
      self.init(.usage, "\(error)")
    case .noRoom, .noCrashRegion, .missing, .unsupported: self.init(.notOffered, "\(error)")
    default: self.init(.malformedInput, "\(error)")
    }
  }

  init(_ error: KernelFileError, in file: String) {
    self.init(.malformedInput, "\(file): \(error)")
  }

  init(_ error: DeviceTreeError, in file: String) {
    self.init(.malformedInput, "\(file): \(error)")
  }
}
