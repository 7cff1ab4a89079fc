// SPDX-License-Identifier: Apache-2.0

import Kexec
import Loading
import RunningKernel
import SystemPackage
import TestSupport
import Testing

@testable import kexec_loader

@Suite struct `The status` {
  private let facts = [
    "kernel", "crash kernel", "crash memory", "loads left", "crash loads left", "loading",
    "lockdown", "CAP_SYS_BOOT", "kexec_load", "kexec_file_load",
  ]

  @Test func `of this machine is a line for each fact`() throws {
    let result = try loader("status")

    #expect(result.status == 0, "\(result.errors)")
    #expect(
      result.text.split(separator: "\n").map { $0.split(separator: "  ")[0] }
        == facts.map { $0[...] })
  }

  @Test func `of a captured machine is what its kernel said`() throws {
    let place = try Workplace()
    try run("mkdir", ["-p", "proc/sys/kernel", "sys/kernel/security"], in: place.folder.path)
    for (file, text) in [
      "sys/kernel/kexec_loaded": "1\n", "sys/kernel/kexec_crash_loaded": "0\n",
      "sys/kernel/kexec_crash_size": "268435456\n", "proc/sys/kernel/kexec_load_disabled": "0\n",
      "proc/sys/kernel/kexec_load_limit_reboot": "-1\n",
      "proc/sys/kernel/kexec_load_limit_panic": "2\n",
      "sys/kernel/security/lockdown": "none [integrity] confidentiality\n",
    ] {
      try write(Array(text.utf8), to: place / file)
    }

    let result = try loader("status", "--root", place.folder.path)

    #expect(
      result.text == """
        kernel            loaded
        crash kernel      none loaded
        crash memory      268435456 bytes
        loads left        any number
        crash loads left  2
        loading           enabled
        lockdown          integrity
        CAP_SYS_BOOT      unknown
        kexec_load        unknown
        kexec_file_load   unknown

        """)
  }

  @Test func `asks the kernel without giving a capability away`() {
    let before = KexecStatus(ofOwn: RunningKernel())
    let after = KexecStatus(ofOwn: RunningKernel())

    #expect(before.hasCapability == after.hasCapability)
    #expect(before.calls == after.calls)
    #expect(before.loadsLeft == after.loadsLeft)
  }
}

@Suite struct `Before a system call is made` {
  /// A machine on which everything is allowed.
  private var status: KexecStatus {
    var status = KexecStatus()
    (status.isLoaded, status.isDisabled, status.hasCapability) = (true, false, true)
    (status.loadsLeft, status.crashLoadsLeft, status.lockdown) = (-1, -1, "none")
    status.calls = [.kexecLoad: true, .kexecFileLoad: true]
    return status
  }

  @Test(arguments: [SystemCall.kexecLoad, .kexecFileLoad], Purpose.allCases)
  func `nothing is in its way where all is allowed`(call: SystemCall, purpose: Purpose) throws {
    try status.check(call, for: purpose)
    try KexecStatus().check(call, for: purpose)
  }

  @Test func `each reason to refuse it is distinct`() {
    expect(.notOffered, "not in this kernel") { $0.calls[.kexecLoad] = false }
    expect(.noPermission, "needs CAP_SYS_BOOT") { $0.hasCapability = false }
    expect(.noPermission, "kernel.kexec_load_disabled is 1") { $0.isDisabled = true }
    expect(.noPermission, "kernel.kexec_load_limit_reboot is 0") { $0.loadsLeft = 0 }
    expect(.noPermission, "lockdown (integrity)") { $0.lockdown = "integrity" }
    expect(.noPermission, "kernel.kexec_load_limit_panic is 0", for: .crash) {
      $0.crashLoadsLeft = 0
    }
  }

  @Test func `a crash kernel needs memory`() {
    var status = status
    status.crashSize = "0"

    #expect(throws: Failure.self) { try status.checkCrashMemory(for: .crash) }
    #expect(throws: Never.self) { try status.checkCrashMemory(for: .kexec) }
  }

  @Test func `nothing is executed unless it is loaded`() {
    for isLoaded in [nil, false] as [Bool?] {
      var status = status
      status.isLoaded = isLoaded

      let failure = #expect(throws: Failure.self) { try status.checkExecutable() }

      #expect(failure?.kind == .notOffered)
    }
    #expect(throws: Never.self) { try status.checkExecutable() }
  }

  private func expect(
    _ code: Failure.Kind, _ part: String, for purpose: Purpose = .kexec,
    sourceLocation: SourceLocation = #_sourceLocation, change: (inout KexecStatus) -> Void
  ) {
    var status = status
    change(&status)
    let failure = #expect(throws: Failure.self, sourceLocation: sourceLocation) {
      try status.check(.kexecLoad, for: purpose)
    }
    #expect(failure?.kind == code, sourceLocation: sourceLocation)
    #expect(failure?.text.contains(part) == true, sourceLocation: sourceLocation)
  }
}

@Suite struct `A file for the kernel` {
  @Test func `is what was written, and stays so`() throws {
    let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 / 7) }

    let sealed = try SealedFile("test", bytes)

    #expect(try contents(of: "/proc/self/fd/\(sealed.file.rawValue)") == bytes)
    #expect(throws: Errno.notPermitted) { try sealed.file.writeAll([1]) }
    #expect(throws: Errno.notPermitted) { try sealed.file.resize(to: 1) }
  }
}
