// SPDX-License-Identifier: Apache-2.0

public import Kexec

extension KexecStatus {
  /// Refuses what the kernel would refuse, with the one reason that it has.
  ///
  /// - Parameters:
  ///   - call: the system call that is to be made.
  ///   - purpose: of the kernel that it loads.
  /// - Throws: `KexecError`; nothing for what is not known.
  public func check(_ call: SystemCall, for purpose: Purpose) throws(KexecError) {
    let name = call.rawValue
    if calls[call] == false {
      throw KexecError(.notOffered, "\(name): is not in this kernel, or a filter hides it")
    }
    if hasCapability == false {
      throw KexecError(.noPermission, "\(name): takes CAP_SYS_BOOT\nrun it as root")
    }
    if isDisabled == true {
      throw KexecError(
        .noPermission, "\(name): kernel.kexec_load_disabled is 1 until the next boot")
    }
    if (purpose == .crash ? crashLoadsLeft : loadsLeft) == 0 {
      let limit = "kernel.kexec_load_limit_\(purpose == .crash ? "panic" : "reboot")"
      throw KexecError(.noPermission, "\(name): \(limit) is 0 until the next boot")
    }
    if call == .kexecLoad, isLockedDown {
      throw KexecError(
        .noPermission,
        "\(name): lockdown (\(lockdown ?? "")) forbids it: nothing in a plan is signed\n"
          + "a signed kernel is loaded by kexec_file_load, from its file and without a plan")
    }
  }

  /// Refuses to load a crash kernel that has no memory.
  ///
  /// - Throws: `KexecError.Kind.notOffered`.
  public func checkCrashMemory(for purpose: Purpose) throws(KexecError) {
    guard purpose == .kexec || crashSize != "0" else {
      throw KexecError(.notOffered, "\(KexecError.noCrashRegion.text)\nboot with crashkernel=…")
    }
  }
}
