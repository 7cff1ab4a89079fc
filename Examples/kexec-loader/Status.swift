// SPDX-License-Identifier: Apache-2.0

import CKexec
import Kexec
import Loading
import RunningKernel
import SystemPackage

/// What a machine says of kexec, and what it lets this process do.
typealias Status = KexecStatus

extension KexecStatus {
  /// The status of this machine, or of a captured one, which is not asked for what it can do.
  init(ofOwn machine: RunningKernel) {
    self.init(of: machine)
    guard machine.isLive else { return }
    hasCapability = ckexec_may_boot() != 0
    for call in [SystemCall.kexecLoad, .kexecFileLoad] { calls[call] = call.isInKernel }
  }

  /// Refuses to end this kernel without another one.
  func checkExecutable() throws(Failure) {
    guard let isLoaded else {
      throw Failure(.notOffered, "this kernel has no kexec: /sys/kernel/kexec_loaded is missing")
    }
    guard isLoaded else {
      throw Failure(.notOffered, "nothing is loaded\nkexec-loader load comes first")
    }
    guard hasCapability != false else {
      throw Failure(.noPermission, "reboot: takes CAP_SYS_BOOT\nrun it as root")
    }
  }
}
