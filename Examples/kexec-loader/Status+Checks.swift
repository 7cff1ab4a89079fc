// SPDX-License-Identifier: Apache-2.0

import Kexec
import Loading

extension Status {
  /// Whether kexec_load(2), which no signature can vouch for, is forbidden.
  var isLockedDown: Bool { lockdown.map { $0 != "none" } ?? false }

  /// Refuses what the kernel would refuse, with the one reason that it has.
  func check(_ call: SystemCall, forCrash: Bool) throws(Failure) {
    let name = call.rawValue
    if calls[call] == false {
      throw Failure(.notOffered, "\(name): is not in this kernel, or a filter hides it")
    }
    if hasCapability == false {
      throw Failure(.noPermission, "\(name): takes CAP_SYS_BOOT\nrun it as root")
    }
    if isDisabled == true {
      throw Failure(.noPermission, "\(name): kernel.kexec_load_disabled is 1 until the next boot")
    }
    if (forCrash ? crashLoadsLeft : loadsLeft) == 0 {
      let limit = "kernel.kexec_load_limit_\(forCrash ? "panic" : "reboot")"
      throw Failure(.noPermission, "\(name): \(limit) is 0 until the next boot")
    }
    if call == .kexecLoad, isLockedDown {
      throw Failure(
        .noPermission,
        "\(name): lockdown (\(lockdown ?? "")) forbids it: nothing in a plan is signed\n"
          + "a signed kernel is loaded by kexec_file_load: --kernel instead of --plan")
    }
  }

  /// Refuses to load a crash kernel that has no memory.
  func checkCrashMemory(forCrash: Bool) throws(Failure) {
    guard !forCrash || crashSize != "0" else {
      throw Failure(.notOffered, "\(PlanError.noCrashRegion)\nboot with crashkernel=…")
    }
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
