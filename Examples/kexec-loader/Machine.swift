// SPDX-License-Identifier: Apache-2.0

import CrashCore
import ELF
import Kexec
import Loading
import RunningKernel

// What a plan from a folder has to fit.
extension SourceMachine {
  /// What kexec_load(2) and kexec_file_load(2) are on it.
  var status: Status { Status(of: kernel.root, isLive: kernel.isLive) }

  /// The architecture of the running kernel, and of the next one.
  func knownArchitecture() throws(Failure) -> Architecture {
    guard let architecture = try architecture() else {
      throw Failure(.notOffered, "\(kernel.root): its architecture is not known here")
    }
    return architecture
  }

  /// What memory there is, and who uses it.
  func memory() throws(Failure) -> MachineSnapshot {
    var (facts, missing) = try facts(
      listedIn: memoryMap(), pageSize: pageSize(), for: architecture())
    if let core = try? kernel.core() { facts.byteOrder = core.file.byteOrder }
    guard facts.systemRAM != nil else {
      throw missing ?? Failure(.notOffered, "no memory is known")
    }
    return facts
  }

  /// What a core header has to fit.
  func coreFacts() throws(Failure) -> CoreMachine {
    guard let map = try memoryMap() else { return CoreMachine() }
    return try coreMachine(listedIn: map).machine
  }
}
