// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kexec
import Loading
import SystemPackage

/// What the kernel means by an errno of one system call, and what to do.
struct Explanation: Sendable {
  let call: SystemCall
  let errno: CInt
  /// As the manual pages call it.
  let name: String
  let kind: Failure.Kind
  let meaning: String
  let advice: String

  private init(
    _ call: SystemCall, _ errno: CInt, _ name: String, _ kind: Failure.Kind, _ meaning: String,
    _ advice: String
  ) {
    self.call = call
    self.errno = errno
    self.name = name
    self.kind = kind
    self.meaning = meaning
    self.advice = advice
  }

  /// What is known about an error, on a machine where nothing else was in the way; nil for one that no
  /// kernel is known to answer with.
  static func of(_ error: CallError, on status: Status) -> Explanation? {
    let isUnsigned = status.isLockedDown && status.hasCapability == true
    let known = isUnsigned ? [unsigned] + all : all
    return known.first { $0.call == error.call && $0.errno == error.errno }
  }
}

extension Failure {
  /// A refused system call in words.
  ///
  /// - Parameters:
  ///   - status: what was found before the call.
  ///   - loss: what is gone with it.
  init(_ error: CallError, on status: Status = Status(), loss: String? = nil) {
    let loss = loss.map { "\n\($0); " } ?? "\n"
    guard let known = Explanation.of(error, on: status) else {
      let text = "\(error.call.rawValue): \(Errno(rawValue: error.errno)) (errno \(error.errno))"
      self.init(.systemCall, "\(text)\(loss)dmesg may tell more")
      return
    }
    self.init(
      known.kind, "\(known.call.rawValue): \(known.name): \(known.meaning)\(loss)\(known.advice)")
  }
}

extension Explanation {
  /// All that kernels up to Linux 7.2 answer with: `kernel/kexec.c`, `kernel/kexec_file.c`,
  /// `kernel/kexec_core.c`, `fs/kernel_read_file.c` and `arch/*/kernel/machine_kexec*.c`.
  static let all = kexecLoad + kexecFileLoad + reboot

  /// The one reason that is left under lockdown.
  private static let unsigned = Explanation(
    .kexecFileLoad, EPERM, "EPERM", .noPermission,
    "the running kernel is locked down, and finds neither a signature in this one nor an IMA "
      + "appraisal of it", "use a kernel as it was signed")

  private static let kexecLoad: [Explanation] = [
    .init(
      .kexecLoad, EPERM, "EPERM", .noPermission,
      "no CAP_SYS_BOOT, loading is disabled, no loads are left, or the kernel is locked down",
      "kexec-loader status tells which; a container's root does not have the capability"),
    .init(
      .kexecLoad, EACCES, "EACCES", .noPermission,
      "a security module or an IMA policy forbids to load what is not signed",
      "--call kexec_file_load lets the kernel check a signature"),
    .init(
      .kexecLoad, EBUSY, "EBUSY", .systemCall,
      "another kexec is under way, or CPUs are stuck in the kernel (arm64)",
      "try again; if that does not help, only a reboot will"),
    .init(
      .kexecLoad, EINVAL, "EINVAL", .systemCall,
      "the kernel refuses a segment, or its architecture misses one: a tree (riscv), a command line "
        + "(loongarch), CPUs that can be stopped (arm)",
      "more than 16 segments, an overlap, or more than half of RAM? dtfix check --root / tells"),
    .init(
      .kexecLoad, EADDRNOTAVAIL, "EADDRNOTAVAIL", .systemCall,
      "a segment is not of whole pages, passes the highest address, or is outside of the main "
        + "crash region",
      "make a new plan: memory may have changed since; dtfix check --root / tells where"),
    .init(
      .kexecLoad, ETXTBSY, "ETXTBSY", .systemCall,
      "a segment is where the running kernel or a DMA window must stay (powerpc)",
      "make a new plan, with --reserve for that memory"),
    .init(
      .kexecLoad, ENOMEM, "ENOMEM", .systemCall,
      "the kernel has no memory for a copy of the segments",
      "free memory, or use a smaller initrd"),
    .init(
      .kexecLoad, EFAULT, "EFAULT", .systemCall,
      "the kernel could not read the segments from this program",
      "this is a mistake of kexec-loader; please report it"),
    .init(
      .kexecLoad, ENOSYS, "ENOSYS", .notOffered,
      "the kernel was built without it (CONFIG_KEXEC), or a filter hides it",
      "--call kexec_file_load may be there: kexec-loader status tells"),
  ]

  private static let kexecFileLoad: [Explanation] = [
    .init(
      .kexecFileLoad, EPERM, "EPERM", .noPermission,
      "no CAP_SYS_BOOT, loading is disabled, no loads are left, or a locked-down kernel finds "
        + "neither a signature nor an IMA appraisal",
      "kexec-loader status tells which; a container's root does not have the capability"),
    .init(
      .kexecFileLoad, EACCES, "EACCES", .noPermission,
      "a security module or an IMA policy forbids to read the kernel or the initrd",
      "a policy that wants signed files does not see them: they are handed over as copies"),
    .init(
      .kexecFileLoad, EBUSY, "EBUSY", .systemCall,
      "another kexec is under way, or CPUs are stuck in the kernel (arm64)",
      "try again; if that does not help, only a reboot will"),
    .init(
      .kexecFileLoad, EINVAL, "EINVAL", .malformedInput,
      "the kernel refuses a file, the command line or their sizes; arm64 and riscv also say so of "
        + "a file that is no kernel of theirs",
      "dtfix image tells what the file is; dmesg may tell what is wrong with it"),
    .init(
      .kexecFileLoad, EADDRNOTAVAIL, "EADDRNOTAVAIL", .notOffered,
      "no hole in memory, or in the crash region, is large enough",
      "use a smaller initrd, or boot with a larger crashkernel="),
    .init(
      .kexecFileLoad, ETXTBSY, "ETXTBSY", .systemCall,
      "a file is open for writing", "wait until it is written"),
    .init(
      .kexecFileLoad, ENOEXEC, "ENOEXEC", .malformedInput,
      "the file is no kernel for this machine", "dtfix image tells what it is"),
    .init(
      .kexecFileLoad, ENOMEM, "ENOMEM", .systemCall,
      "the kernel has no memory for the files", "free memory, or use a smaller initrd"),
    .init(
      .kexecFileLoad, EFAULT, "EFAULT", .systemCall,
      "the kernel could not read the command line from this program",
      "this is a mistake of kexec-loader; please report it"),
    .init(
      .kexecFileLoad, EFBIG, "EFBIG", .malformedInput,
      "a file has more than 4 GiB, or more than memory can have", "use a smaller initrd"),
    .init(
      .kexecFileLoad, EKEYREJECTED, "EKEYREJECTED", .noPermission,
      "the kernel's signature is not good, or its key is revoked", "use a kernel as it was signed"),
    .init(
      .kexecFileLoad, ENOKEY, "ENOKEY", .noPermission,
      "no key of the running kernel signed the new one",
      "enrol its key (mokutil --import), or use a kernel of the same distribution"),
    .init(
      .kexecFileLoad, ENOPKG, "ENOPKG", .noPermission,
      "the signature is of a kind that the running kernel has no code for",
      "use a kernel that is signed another way"),
    .init(
      .kexecFileLoad, EBADMSG, "EBADMSG", .malformedInput,
      "the signature is damaged", "fetch the kernel again"),
    .init(
      .kexecFileLoad, ELIBBAD, "ELIBBAD", .malformedInput,
      "the kernel's PE headers are damaged, or lead out of the file", "fetch the kernel again"),
    .init(
      .kexecFileLoad, EMSGSIZE, "EMSGSIZE", .malformedInput,
      "the signature is longer than its place in the file", "fetch the kernel again"),
    .init(
      .kexecFileLoad, ENOSYS, "ENOSYS", .notOffered,
      "the kernel was built without it (CONFIG_KEXEC_FILE), as Debian's for arm64, riscv64 and "
        + "ppc64el are, or a filter hides it",
      "--call kexec_load may be there: kexec-loader status tells"),
  ]

  private static let reboot: [Explanation] = [
    .init(
      .reboot, EPERM, "EPERM", .noPermission, "no CAP_SYS_BOOT", "run it as root"),
    .init(
      .reboot, EINVAL, "EINVAL", .notOffered,
      "nothing is loaded, the kernel has no kexec, or this is a container",
      "kexec-loader status tells"),
    .init(
      .reboot, EBUSY, "EBUSY", .systemCall, "another kexec is under way", "try again"),
  ]
}
