// SPDX-License-Identifier: Apache-2.0

import CKexec
import Glibc
import Kexec
import Loading
import RunningKernel

/// A system call that the kernel refused.
struct CallError: Error, Equatable {
  let call: SystemCall
  let errno: CInt

  /// Throws for anything but 0.
  static func check(_ errno: CInt, of call: SystemCall) throws(CallError) {
    guard errno == 0 else { throw CallError(call: call, errno: errno) }
  }
}

extension SystemCall {
  /// Forgets the loaded kernel, by whichever call it was loaded.
  func unload(for purpose: Purpose) throws(CallError) {
    let errno =
      self == .kexecLoad
      ? ckexec_load(0, 0, nil, purpose == .crash ? UInt(KEXEC_ON_CRASH) : 0)
      : ckexec_file_load(
        -1, -1, 0, nil, UInt(KEXEC_FILE_UNLOAD | (purpose == .crash ? KEXEC_FILE_ON_CRASH : 0)))
    try CallError.check(errno, of: self)
  }
}

/// Starts the loaded kernel, without a word to the services of this one.
func execute() throws(CallError) {
  try CallError.check(ckexec_execute(), of: .reboot)
}

extension KexecStatus {
  /// The status of this machine, or of a captured one, which cannot say which calls it has.
  init(ofOwn machine: RunningKernel) {
    self.init(of: machine)
    guard machine.isLive else { return }
    hasCapability = ckexec_may_boot() != 0
    let isThere: [CInt: Bool] = [ENOSYS: false, EPERM: true]
    calls[.kexecLoad] = isThere[ckexec_probe_load()]
    calls[.kexecFileLoad] = isThere[ckexec_probe_file_load()]
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
