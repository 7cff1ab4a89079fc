// SPDX-License-Identifier: Apache-2.0

import CKexec
import SystemPackage

/// What a machine says of kexec, and what it lets this process do; nil for what it does not say.
struct Status {
  /// Whether a kernel waits for a reboot.
  var isLoaded: Bool?
  /// Whether a kernel waits for a crash.
  var isCrashLoaded: Bool?
  /// Bytes set apart for crash kernels.
  var crashSize: String?
  /// How many more kernels may be loaded; -1 for any number.
  var loadsLeft: Int?
  /// The same of crash kernels.
  var crashLoadsLeft: Int?
  /// Whether loading is over until the next boot.
  var isDisabled: Bool?
  /// `none`, `integrity` or `confidentiality`.
  var lockdown: String?
  /// Whether this process has CAP_SYS_BOOT.
  var hasCapability: Bool?
  /// Whether the running kernel has a system call.
  var calls: [SystemCall: Bool] = [:]

  /// Nothing is known yet.
  init() {}

  /// The status of this machine, or of a captured one, which is not asked for what it can do.
  init(of root: FilePath, isLive: Bool) {
    let number = { (path: FilePath) in line(of: root.pushing(path)).flatMap { Int($0) } }
    isLoaded = number("sys/kernel/kexec_loaded").map { $0 != 0 }
    isCrashLoaded = number("sys/kernel/kexec_crash_loaded").map { $0 != 0 }
    crashSize = line(of: root.pushing("sys/kernel/kexec_crash_size"))
    loadsLeft = number("proc/sys/kernel/kexec_load_limit_reboot")
    crashLoadsLeft = number("proc/sys/kernel/kexec_load_limit_panic")
    isDisabled = number("proc/sys/kernel/kexec_load_disabled").map { $0 != 0 }
    // One of the words is in brackets: the one in force.
    lockdown = line(of: root.pushing("sys/kernel/security/lockdown"))
      .flatMap { $0.split { $0 == "[" || $0 == "]" }.first { !$0.contains(" ") } }
      .map(String.init)
    guard isLive else { return }
    hasCapability = ckexec_may_boot() != 0
    for call in [SystemCall.kexecLoad, .kexecFileLoad] { calls[call] = call.isInKernel }
  }

  /// A line for each fact.
  var lines: [String] {
    let facts: [(String, String?)] = [
      ("kernel", isLoaded.map { $0 ? "loaded" : "none loaded" }),
      ("crash kernel", isCrashLoaded.map { $0 ? "loaded" : "none loaded" }),
      ("crash memory", crashSize.map { "\($0) bytes" }),
      ("loads left", loadsLeft.map { $0 < 0 ? "any number" : "\($0)" }),
      ("crash loads left", crashLoadsLeft.map { $0 < 0 ? "any number" : "\($0)" }),
      ("loading", isDisabled.map { $0 ? "disabled until the next boot" : "enabled" }),
      ("lockdown", lockdown),
      ("CAP_SYS_BOOT", hasCapability.map { $0 ? "yes" : "no" }),
      ("kexec_load", calls[.kexecLoad].map { $0 ? "in the kernel" : "not in the kernel" }),
      (
        "kexec_file_load", calls[.kexecFileLoad].map { $0 ? "in the kernel" : "not in the kernel" }
      ),
    ]
    return facts.map { name, value in name.padded(to: 18) + (value ?? "not told") }
  }
}
