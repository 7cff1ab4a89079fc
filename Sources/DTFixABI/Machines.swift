// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public import CDTFix
import Kexec
import Loading
import RunningKernel
import SystemPackage

/// The object of a machine handle.
final class MachineObject: HandleObject {
  static let typeName = "machine"

  let kernel: RunningKernel

  init(_ kernel: RunningKernel) { self.kernel = kernel }

  /// The machine; each call reads it anew.
  var machine: MachineSnapshot { kernel.snapshot() }
}

@_cdecl("dtfix_machine_open")
public func dtfix_machine_open(
  _ root: UnsafePointer<CChar>?, _ machine: Out, _ error: Out
) -> CInt {
  call(error, making: machine, "machine") {
    let root = try textIfAny(root, "root") ?? "/"
    guard !root.isEmpty else { throw CallFailure.argument("root: empty") }
    return MachineObject(RunningKernel(root: FilePath(root)))
  }
}

@_cdecl("dtfix_machine_free")
public func dtfix_machine_free(_ machine: Out) { MachineObject.free(machine) }

@_cdecl("dtfix_machine_architecture")
public func dtfix_machine_architecture(_ machine: Handle, _ name: Out, _ error: Out) -> CInt {
  call(error, making: name, "name") {
    var machine = try MachineObject.of(machine).machine
    guard let architecture = try machine.readArchitecture() else {
      throw CallFailure(.notOffered, "\(machine.root ?? ""): the architecture is not known")
    }
    return BufferObject(architecture.name)
  }
}

@_cdecl("dtfix_machine_tree")
public func dtfix_machine_tree(
  _ machine: Handle, _ origin: UInt32, _ tree: Out, _ error: Out
) -> CInt {
  call(error, making: tree, "tree") {
    var machine = try MachineObject.of(machine).machine
    return TreeObject(try machine.readTree(treeOrigin(origin)))
  }
}

@_cdecl("dtfix_machine_command_line")
public func dtfix_machine_command_line(
  _ machine: Handle, _ purpose: UInt32, _ line: Out, _ error: Out
) -> CInt {
  call(error, making: line, "line") {
    var machine = try MachineObject.of(machine).machine
    let purpose = try DTFixABI.purpose(purpose)
    let architecture = try machine.readArchitecture()
    return BufferObject(try machine.readCommandLine(for: purpose, on: architecture).bytes)
  }
}

@_cdecl("dtfix_machine_capture")
public func dtfix_machine_capture(
  _ machine: Handle, _ wanted: UInt32, _ archive: Out, _ report: Out, _ error: Out
) -> CInt {
  call(error, making: archive, "archive") {
    let kernel = try MachineObject.of(machine).kernel
    let imaList = Int(DTFIX_CAPTURE_IMA_LIST)
    let has = try flags(wanted, allowed: [imaList], "flags")
    let capture = try kernel.capture(version: packageVersion, measurements: has(imaList))
    guard capture.isUseful else {
      let isForRoot = capture.unread.contains(where: \.isForRoot)
      throw CallFailure(
        isForRoot ? .noPermission : .notOffered,
        "\(kernel.root): neither a device tree nor a memory map can be read"
          + (isForRoot ? "; run as root" : ": neither a machine nor a capture"))
    }
    ReportObject(
      notes: capture.unread.map { ($0.path, "not read: \($0.reason)") }
        + capture.secrets.map { ($0.path, "left out: \($0.byteCount) secret bytes") }
    ).hand(to: report)
    return BufferObject(capture.archive)
  }
}

extension KexecStatus {
  /// The caller's status of a machine, completed by the machine's files.
  init(
    _ status: UnsafePointer<dtfix_machine_status>?, _ machine: RunningKernel?
  ) throws(CallFailure) {
    self = machine.map { KexecStatus(of: $0) } ?? KexecStatus()
    guard unsafe status != nil else { return }
    let known = try dtfix_machine_status.given(status, "status")
    try checkUnused(known.unused, "status")
    isLoaded = try answer(known.is_loaded) ?? isLoaded
    isCrashLoaded = try answer(known.is_crash_loaded) ?? isCrashLoaded
    calls[.kexecLoad] = try answer(known.has_kexec_load)
    calls[.kexecFileLoad] = try answer(known.has_kexec_file_load)
    isDisabled = try answer(known.is_disabled) ?? isDisabled
    switch try answer(known.is_locked_down) {
    case true?: lockdown = isLockedDown ? lockdown : "integrity"
    case false?: lockdown = "none"
    case nil: break
    }
  }
}

/// DTFIX_YES or DTFIX_NO; nil for DTFIX_UNKNOWN.
private func answer(_ number: UInt32) throws(CallFailure) -> Bool? {
  try meaning(of: number, "status", in: [DTFIX_UNKNOWN: nil, DTFIX_YES: true, DTFIX_NO: false])
}

private func number(_ answer: Bool?) -> UInt32 {
  UInt32(answer.map { $0 ? DTFIX_YES : DTFIX_NO } ?? DTFIX_UNKNOWN)
}

@_cdecl("dtfix_machine_status_read")
public func dtfix_machine_status_read(
  _ machine: Handle, _ status: UnsafeMutablePointer<dtfix_machine_status>?, _ error: Out
) -> CInt {
  call(error) {
    let known = KexecStatus(of: try MachineObject.of(machine).kernel)
    let filled = dtfix_machine_status(
      struct_size: 0, is_loaded: number(known.isLoaded),
      is_crash_loaded: number(known.isCrashLoaded),
      has_kexec_load: number(known.calls[.kexecLoad]),
      has_kexec_file_load: number(known.calls[.kexecFileLoad]),
      is_locked_down: number(known.lockdown.map { $0 != "none" }),
      is_disabled: number(known.isDisabled), unused: 0)
    try filled.fill(status, "status")
  }
}
