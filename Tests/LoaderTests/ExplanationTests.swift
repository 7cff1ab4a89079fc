// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kexec
import Loading
import Testing

@testable import kexec_loader

@Suite struct `An explanation` {
  /// Every errno that `kernel/kexec.c`, `kernel/kexec_file.c` and `kernel/reboot.c` are known to answer
  /// with.
  static let answers: [(SystemCall, [CInt])] = [
    (
      .kexecLoad,
      [EPERM, EACCES, EBUSY, EINVAL, EADDRNOTAVAIL, ETXTBSY, ENOMEM, EFAULT, ENOSYS]
    ),
    (
      .kexecFileLoad,
      [
        EPERM, EACCES, EBUSY, EINVAL, EADDRNOTAVAIL, ETXTBSY, ENOEXEC, ENOMEM, EFAULT, EFBIG,
        EKEYREJECTED, ENOKEY, ENOPKG, EBADMSG, ELIBBAD, EMSGSIZE, ENOSYS,
      ]
    ),
    (.reboot, [EPERM, EINVAL, EBUSY]),
  ]

  @Test(arguments: answers)
  func `is there for every errno of a call`(call: SystemCall, errnos: [CInt]) throws {
    let explained = (0...133).filter { CallError(call: call, errno: $0).explanation() != nil }
    #expect(explained == errnos.sorted())
    for errno in errnos {
      let failure = Failure(CallError(call: call, errno: errno))

      let lines = failure.text.split(separator: "\n", omittingEmptySubsequences: false)
      #expect(lines.count == 2 && !lines.contains(""), "\(failure.text)")
      #expect(lines[0].hasPrefix("\(call.rawValue): E"))
    }
  }

  @Test func `says what is gone with a crash kernel that is refused`() {
    let error = CallError(call: .kexecLoad, errno: EADDRNOTAVAIL)

    let failure = Failure(error, loss: "the crash kernel loaded before is gone")

    #expect(failure.text.contains("\nthe crash kernel loaded before is gone; make a new plan"))
    #expect(failure.kind == .systemCall)
  }

  @Test func `is exact where only one reason is left`() {
    var status = KexecStatus()
    (status.lockdown, status.hasCapability) = ("integrity", true)

    let failure = Failure(CallError(call: .kexecFileLoad, errno: EPERM), on: status)

    #expect(failure.text.contains("is locked down, and finds neither a signature"))
    #expect(failure.kind == .noPermission)
  }

  @Test func `is not made up for an errno that is not known`() {
    let failure = Failure(CallError(call: .reboot, errno: ENOTTY))

    #expect(failure.text.hasPrefix("reboot: Inappropriate ioctl for device (errno 25)\n"))
  }
}
