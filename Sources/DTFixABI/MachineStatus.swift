// SPDX-License-Identifier: Apache-2.0

public import CDTFix
import Loading
import RunningKernel

extension KexecStatus {
  /// What a caller knows of a machine; else what the machine's files say.
  init(
    _ status: UnsafePointer<dtfix_machine_status>?, _ machine: RunningKernel?
  ) throws(CallFailure) {
    self = machine.map { KexecStatus(of: $0) } ?? KexecStatus()
    guard unsafe status != nil else { return }
    let known = try dtfix_machine_status.given(status, "status")
    try checkUnused(known.unused, "status")
    isLoaded = try Bool(answer: known.is_loaded) ?? isLoaded
    isCrashLoaded = try Bool(answer: known.is_crash_loaded) ?? isCrashLoaded
    calls[.kexecLoad] = try Bool(answer: known.has_kexec_load)
    calls[.kexecFileLoad] = try Bool(answer: known.has_kexec_file_load)
    isDisabled = try Bool(answer: known.is_disabled) ?? isDisabled
    switch try Bool(answer: known.is_locked_down) {
    case true?: lockdown = isLockedDown ? lockdown : "integrity"
    case false?: lockdown = "none"
    case nil: break
    }
  }

  /// In C's words.
  fileprivate var filled: dtfix_machine_status {
    var status = dtfix_machine_status()
    status.is_loaded = UInt32(answer: isLoaded)
    status.is_crash_loaded = UInt32(answer: isCrashLoaded)
    status.has_kexec_load = UInt32(answer: calls[.kexecLoad])
    status.has_kexec_file_load = UInt32(answer: calls[.kexecFileLoad])
    status.is_locked_down = UInt32(answer: lockdown.map { $0 != "none" })
    status.is_disabled = UInt32(answer: isDisabled)
    return status
  }
}

extension Bool {
  /// An answer; nil for one that is not known.
  fileprivate init?(answer: UInt32) throws(CallFailure) {
    switch Int(answer) {
    case DTFIX_UNKNOWN: return nil
    case DTFIX_YES: self = true
    case DTFIX_NO: self = false
    default: throw .argument("status: \(answer) is none of DTFIX_UNKNOWN, _YES and _NO")
    }
  }
}

extension UInt32 {
  fileprivate init(answer: Bool?) {
    self.init(answer.map { $0 ? DTFIX_YES : DTFIX_NO } ?? DTFIX_UNKNOWN)
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_machine_status_read")
public func dtfix_machine_status_read(
  _ machine: OpaquePointer?, _ status: UnsafeMutablePointer<dtfix_machine_status>?,
  _ error: HandlePlace?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let kernel = try MachineObject.of(machine).kernel
    try KexecStatus(of: kernel).filled.fill(status, "status")
  }
}
