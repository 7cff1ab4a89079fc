// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import Kexec
public import RunningKernel
import SystemPackage

/// The state of kexec on a machine, and what this process may do; nil for what is not known.
public struct KexecStatus: Hashable, Sendable {
  /// Whether a kernel is loaded for a reboot.
  public var isLoaded: Bool?
  /// Whether a crash kernel is loaded.
  public var isCrashLoaded: Bool?
  /// Bytes set apart for crash kernels, as the kernel writes them.
  public var crashSize: String?
  /// How many more kernels may be loaded; -1 for any number.
  public var loadsLeft: Int?
  /// The same of crash kernels.
  public var crashLoadsLeft: Int?
  /// Whether loading is disabled until the next boot.
  public var isDisabled: Bool?
  /// `none`, `integrity` or `confidentiality`.
  public var lockdown: String?
  /// Whether this process has CAP_SYS_BOOT; set by a loader.
  public var hasCapability: Bool?
  /// Whether the running kernel has a system call; set by a loader.
  public var calls: [SystemCall: Bool] = [:]

  /// A status of which nothing is known.
  public init() {}

  /// Reads the files of a machine, live or captured: `/sys/kernel/kexec_*`,
  /// `/proc/sys/kernel/kexec_load_*` and `/sys/kernel/security/lockdown`. A fact whose file cannot be read is nil,
  /// and so are ``hasCapability`` and ``calls``.
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
    // The word in brackets is in force.
    lockdown = line("sys/kernel/security/lockdown")
      .flatMap { $0.split { $0 == "[" || $0 == "]" }.first { !$0.contains(" ") } }
      .map(String.init)
  }

  /// Whether lockdown forbids kexec_load(2), which loads unsigned segments.
  public var isLockedDown: Bool { lockdown.map { $0 != "none" } ?? false }

  /// A line for each fact.
  public var lines: [String] {
    let loads = { (left: Int) in left < 0 ? "any number" : "\(left)" }
    let call = { (call: SystemCall) in
      (call.rawValue, calls[call].map { $0 ? "in the kernel" : "not in the kernel" })
    }
    let facts: [(String, String?)] = [
      ("kernel", isLoaded.map { $0 ? "loaded" : "none loaded" }),
      ("crash kernel", isCrashLoaded.map { $0 ? "loaded" : "none loaded" }),
      ("crash memory", crashSize.map { "\($0) bytes" }),
      ("loads left", loadsLeft.map(loads)),
      ("crash loads left", crashLoadsLeft.map(loads)),
      ("loading", isDisabled.map { $0 ? "disabled until the next boot" : "enabled" }),
      ("lockdown", lockdown),
      ("CAP_SYS_BOOT", hasCapability.map { $0 ? "yes" : "no" }),
      call(.kexecLoad), call(.kexecFileLoad),
    ]
    return facts.map { name, value in name.padded(to: 18) + (value ?? "unknown") }
  }
}

extension KexecStatus {
  /// Refuses what the kernel would refuse, with the reason.
  ///
  /// - Parameters:
  ///   - call: the system call to be made.
  ///   - purpose: of the kernel that it loads.
  /// - Throws: `KexecError`; what is not known is accepted.
  public func check(_ call: SystemCall, for purpose: Purpose) throws(KexecError) {
    let isCrash = purpose == .crash
    let limit = "kernel.kexec_load_limit_\(isCrash ? "panic" : "reboot")"
    let refusals: [(Bool, KexecError.Kind, String)] = [
      (calls[call] == false, .notOffered, "not in this kernel, or blocked by a filter"),
      (hasCapability == false, .noPermission, "needs CAP_SYS_BOOT\nrun it as root"),
      (isDisabled == true, .noPermission, "kernel.kexec_load_disabled is 1 until the next boot"),
      (
        (isCrash ? crashLoadsLeft : loadsLeft) == 0, .noPermission,
        "\(limit) is 0 until the next boot"
      ),
      (
        call == .kexecLoad && isLockedDown, .noPermission,
        "lockdown (\(lockdown ?? "")) forbids it: nothing in a plan is signed\n"
          + "load a signed kernel from its file by kexec_file_load, without a plan"
      ),
    ]
    if let (_, kind, text) = refusals.first(where: \.0) {
      throw KexecError(kind, "\(call.rawValue): \(text)")
    }
  }

  /// Refuses to load a crash kernel without memory for it.
  ///
  /// - Throws: `KexecError.Kind.notOffered`.
  public func checkCrashMemory(for purpose: Purpose) throws(KexecError) {
    guard purpose == .kexec || crashSize != "0" else {
      throw KexecError(.notOffered, "\(KexecError.noCrashRegion.text)\nboot with crashkernel=…")
    }
  }
}
