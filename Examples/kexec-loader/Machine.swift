// SPDX-License-Identifier: Apache-2.0

import Kexec
import Loading
import RunningKernel

// What a plan from a folder has to fit.
extension MachineSnapshot {
  /// The architecture of the running kernel, and of the next one.
  mutating func knownArchitecture() throws(Failure) -> Architecture {
    guard let architecture = try readArchitecture() else {
      throw Failure(.notOffered, "\(root ?? ""): its architecture is not known here")
    }
    return architecture
  }

  /// Reads what memory there is, and who uses it.
  mutating func readKnownMemory() throws(Failure) {
    try readMemory(for: readArchitecture())
    _ = try $pageSize.ifPresent
    guard systemRAM != nil else {
      throw $systemRAM.failure ?? Failure(.notOffered, "no memory is known")
    }
    read(.core)
  }
}
