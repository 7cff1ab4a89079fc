// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kexec
import Loading
import SystemPackage

extension Failure {
  /// A system call that failed: what the kernel means by the errno, and what to do.
  ///
  /// - Parameters:
  ///   - status: the status before the call.
  ///   - loss: what was unloaded by it.
  init(_ error: CallError, on status: KexecStatus = KexecStatus(), loss: String? = nil) {
    var kind = Failure.Kind.systemCall
    var text = "\(Errno(rawValue: error.errno)) (errno \(error.errno))\ndmesg may show more"
    if let name = names[error.errno], let explanation = error.explanation(on: status) {
      (kind, text) = (error.kind, "\(name): \(explanation)")
    }
    let lines = text.split(separator: "\n")
    let advice = (loss.map { "\($0); " } ?? "") + lines[1]
    self.init(kind, "\(error.call.rawValue): \(lines[0])\n\(advice)")
  }
}

/// The names in the manual pages.
private let names: [CInt: String] = [
  EACCES: "EACCES", EADDRNOTAVAIL: "EADDRNOTAVAIL", EBADMSG: "EBADMSG", EBUSY: "EBUSY",
  EFAULT: "EFAULT", EFBIG: "EFBIG", EINVAL: "EINVAL", EKEYREJECTED: "EKEYREJECTED",
  ELIBBAD: "ELIBBAD", EMSGSIZE: "EMSGSIZE", ENOEXEC: "ENOEXEC", ENOKEY: "ENOKEY",
  ENOMEM: "ENOMEM", ENOPKG: "ENOPKG", ENOSYS: "ENOSYS", EPERM: "EPERM", ETXTBSY: "ETXTBSY",
]

extension CallError {
  fileprivate var kind: Failure.Kind {
    switch (call, errno) {
    case (_, EPERM), (_, EACCES), (_, EKEYREJECTED), (_, ENOKEY), (_, ENOPKG): .noPermission
    case (_, ENOSYS), (.reboot, EINVAL), (.kexecFileLoad, EADDRNOTAVAIL): .notOffered
    case (.kexecFileLoad, EINVAL), (_, ENOEXEC), (_, EFBIG), (_, EBADMSG), (_, ELIBBAD),
      (_, EMSGSIZE):
      .malformedInput
    default: .systemCall
    }
  }

  /// What the kernel means, and in a second line what to do; nil for an errno that no kernel up to Linux 7.2
  /// returns: `kernel/kexec.c`, `kernel/kexec_file.c`, `kernel/kexec_core.c`,
  /// `kernel/reboot.c`, `fs/kernel_read_file.c` and `arch/*/kernel/machine_kexec*.c`.
  func explanation(on status: KexecStatus = KexecStatus()) -> String? {
    switch (call, errno) {
    case (.reboot, EPERM): "no CAP_SYS_BOOT\nrun it as root"
    case (.reboot, EINVAL):
      "nothing is loaded, the kernel has no kexec, or this is a container\n"
        + "see kexec-loader status"
    case (_, EBUSY):
      "another kexec is running, or CPUs are stuck in the kernel (arm64)\n"
        + "try again; if that does not help, reboot"
    case (.reboot, _): nil
    case (.kexecFileLoad, EPERM) where status.isLockedDown && status.hasCapability == true:
      "the running kernel is locked down, and finds neither a signature in the new kernel nor an "
        + "IMA appraisal of it\nuse a signed kernel, unchanged"
    case (_, EPERM):
      "no CAP_SYS_BOOT, loading is disabled, no loads are left, or the kernel is locked down and "
        + "finds no signature\n"
        + "see kexec-loader status; root in a container does not have the capability"
    case (_, EACCES):
      "a security module or an IMA policy forbids loading without a signature\n"
        + "with --call kexec_file_load the kernel checks the signature of the kernel file"
    case (.kexecLoad, EINVAL):
      "the kernel refuses a segment, or its architecture lacks one: a tree (riscv), a command "
        + "line (loongarch), CPUs that can be stopped (arm)\n"
        + "more than 16 segments, an overlap, or more than half of RAM? see dtfix check --root /"
    case (.kexecFileLoad, EINVAL), (.kexecFileLoad, ENOEXEC):
      "the kernel refuses the command line or a file, such as a kernel for another machine\n"
        + "see dtfix image for the format of the file, and dmesg"
    case (.kexecLoad, EADDRNOTAVAIL):
      "a segment is not of whole pages, passes the highest address, or is outside of the main "
        + "crash region\nmake a new plan: memory may have changed since; see dtfix check --root /"
    case (.kexecFileLoad, EADDRNOTAVAIL):
      "no hole in memory, or in the crash region, is large enough\n"
        + "use a smaller initrd, or boot with a larger crashkernel="
    case (.kexecLoad, ETXTBSY):
      "a segment overlaps the running kernel or a TCE table (powerpc)\n"
        + "make a new plan, with --reserve for that memory"
    case (.kexecFileLoad, ETXTBSY): "a file is open for writing\nwait until it is written"
    case (_, ENOMEM):
      "the kernel has no memory for a copy of what it loads\nfree memory, or use a smaller initrd"
    case (_, EFAULT):
      "the kernel could not read the memory of this program\n"
        + "this is a fault of kexec-loader; please report it"
    case (_, ENOSYS):
      "the kernel was built without it (CONFIG_KEXEC, CONFIG_KEXEC_FILE), or a filter hides it\n"
        + "see kexec-loader status for the other --call"
    case (.kexecFileLoad, EFBIG):
      "a file has more than 4 GiB, or more than fits in memory\nuse a smaller initrd"
    case (.kexecFileLoad, EKEYREJECTED), (.kexecFileLoad, ENOKEY), (.kexecFileLoad, ENOPKG):
      "the running kernel has no key, or no code, for the signature of the new one\n"
        + "enrol its key (mokutil --import), or use a kernel of the same distribution"
    case (.kexecFileLoad, EBADMSG), (.kexecFileLoad, ELIBBAD), (.kexecFileLoad, EMSGSIZE):
      "the kernel's signature or its PE headers are damaged\nfetch the kernel again"
    default: nil
    }
  }
}
