// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import RunningKernel
import SystemPackage

/// What a machine says of kexec, and what it lets this process do; nil for what it does not say.
public struct KexecStatus: Hashable, Sendable {
  /// Whether a kernel waits for a reboot.
  public var isLoaded: Bool?
  /// Whether a kernel waits for a crash.
  public var isCrashLoaded: Bool?
  /// Bytes set apart for crash kernels, as the kernel writes them.
  public var crashSize: String?
  /// How many more kernels may be loaded; -1 for any number.
  public var loadsLeft: Int?
  /// The same of crash kernels.
  public var crashLoadsLeft: Int?
  /// Whether loading is over until the next boot.
  public var isDisabled: Bool?
  /// `none`, `integrity` or `confidentiality`.
  public var lockdown: String?
  /// Whether this process has CAP_SYS_BOOT; a loader finds out.
  public var hasCapability: Bool?
  /// Whether the running kernel has a system call; a loader finds out.
  public var calls: [SystemCall: Bool] = [:]

  /// Nothing is known yet.
  public init() {}

  /// What the files of a machine say, live or captured: `/sys/kernel/kexec_*`,
  /// `/proc/sys/kernel/kexec_load_*` and `/sys/kernel/security/lockdown`. A file that cannot be read says
  /// nothing. ``hasCapability`` and ``calls`` are left to those who make system calls.
  public init(of machine: RunningKernel) {
    let line = { (path: FilePath) -> String? in
      guard let bytes = try? readFile(machine.root.pushing(path), limit: 1 << 20) else {
        return nil
      }
      return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
    let number = { (path: FilePath) in line(path).flatMap { Int($0) } }
    isLoaded = number("sys/kernel/kexec_loaded").map { $0 != 0 }
    isCrashLoaded = number("sys/kernel/kexec_crash_loaded").map { $0 != 0 }
    crashSize = line("sys/kernel/kexec_crash_size")
    loadsLeft = number("proc/sys/kernel/kexec_load_limit_reboot")
    crashLoadsLeft = number("proc/sys/kernel/kexec_load_limit_panic")
    isDisabled = number("proc/sys/kernel/kexec_load_disabled").map { $0 != 0 }
    // One of the words is in brackets: the one in force.
    lockdown = line("sys/kernel/security/lockdown")
      .flatMap { $0.split { $0 == "[" || $0 == "]" }.first { !$0.contains(" ") } }
      .map(String.init)
  }

  /// Whether kexec_load(2), which no signature can vouch for, is forbidden.
  public var isLockedDown: Bool { lockdown.map { $0 != "none" } ?? false }

  /// A line for each fact.
  public var lines: [String] {
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
    return facts.map { name, value in
      name.padded(to: 18) + (value ?? "not told")
    }
  }
}
