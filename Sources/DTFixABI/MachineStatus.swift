// SPDX-License-Identifier: Apache-2.0

public import CDTFix
import Loading

extension KexecStatus {
  /// What a caller knows of a machine; else what the machine's files say.
  init(
    _ status: UnsafePointer<dtfix_machine_status>?, _ machine: SourceMachine?
  ) throws(CallFailure) {
    self = machine.map { KexecStatus(of: $0.kernel) } ?? KexecStatus()
    guard unsafe status != nil else { return }
    let known = try dtfix_machine_status.given(status, "status")
    try checkUnused(known.unused, "status")
    isLoaded = known.is_loaded.answer
    isCrashLoaded = known.is_crash_loaded.answer
    calls = [:]
    calls[.kexecLoad] = known.has_kexec_load.answer
    calls[.kexecFileLoad] = known.has_kexec_file_load.answer
    isDisabled = known.is_disabled.answer
    if known.is_locked_down == 0 {
      lockdown = nil
    } else if lockdown == nil {
      lockdown = "integrity"
    }
  }

  /// In C's words.
  fileprivate var filled: dtfix_machine_status {
    var status = dtfix_machine_status()
    status.is_loaded = Int32(answer: isLoaded)
    status.is_crash_loaded = Int32(answer: isCrashLoaded)
    status.has_kexec_load = Int32(answer: calls[.kexecLoad])
    status.has_kexec_file_load = Int32(answer: calls[.kexecFileLoad])
    status.is_locked_down = isLockedDown ? 1 : 0
    status.is_disabled = Int32(answer: isDisabled)
    return status
  }
}

extension Int32 {
  /// Yes, no, or not known.
  fileprivate var answer: Bool? { self < 0 ? nil : self != 0 }

  fileprivate init(answer: Bool?) { self = answer.map { $0 ? 1 : 0 } ?? -1 }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_machine_status_read")
public func dtfix_machine_status_read(
  _ machine: OpaquePointer?, _ status: UnsafeMutablePointer<dtfix_machine_status>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let kernel = try MachineObject.of(machine).machine.kernel
    try KexecStatus(of: kernel).filled.fill(status, "status")
  }
}
