// SPDX-License-Identifier: Apache-2.0

import CKexec
import Glibc
import Kexec
import Loading
import SystemPackage

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
  /// Whether the kernel has it, found out without a side effect; nil when that is not to be found out.
  ///
  /// The kernel looks for CAP_SYS_BOOT before it does anything else, so it is asked without
  /// (`kernel/kexec_core.c:kexec_load_permitted`): a call by somebody with the capability would count
  /// against `kexec_load_limit_reboot`, even one that fails.
  var isInKernel: Bool? {
    let answer: CInt
    switch self {
    case .kexecLoad: answer = ckexec_probe_load()
    case .kexecFileLoad: answer = ckexec_probe_file_load()
    case .reboot: return true
    }
    return [ENOSYS: false, EPERM: true][answer]
  }

  /// Forgets the loaded kernel, by whichever call it was loaded.
  func unload(forCrash: Bool) throws(CallError) {
    switch self {
    case .kexecLoad:
      let flags = forCrash ? UInt(KEXEC_ON_CRASH) : 0
      try CallError.check(ckexec_load(0, 0, nil, flags), of: self)
    case .kexecFileLoad:
      let flags = UInt(KEXEC_FILE_UNLOAD | (forCrash ? KEXEC_FILE_ON_CRASH : 0))
      try CallError.check(ckexec_file_load(-1, -1, 0, nil, flags), of: self)
    case .reboot: preconditionFailure("reboot unloads nothing")
    }
  }
}

/// Starts the loaded kernel, without a word to the services of this one.
func execute() throws(CallError) -> Never {
  sync()
  try CallError.check(ckexec_execute(), of: .reboot)
  fatalError("the kernel came back from its end")
}
