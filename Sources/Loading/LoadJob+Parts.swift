// SPDX-License-Identifier: Apache-2.0

import Kexec

// The parts of a plan that are handed over as they are.
extension LoadJob {
  /// Adds core header, measurements and extra parts.
  func addParts(to request: inout LoadRequest) throws(LoadingError) {
    for item in files.items {
      switch item.kind {
      case .coreHeader, .measurements, .extra:
        throw LoadingError(.notOffered, "\(item.name): a \(item.kind) is not supported yet")
      default: continue
      }
    }
  }
}
