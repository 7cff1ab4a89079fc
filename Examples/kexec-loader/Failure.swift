// SPDX-License-Identifier: Apache-2.0

import KernelImage
import Kexec
import Loading

/// Why the program did not do what it was asked for: one line, and at most one of what to do.
typealias Failure = LoadingError

extension LoadingError {
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
}
