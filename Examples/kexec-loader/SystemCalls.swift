// SPDX-License-Identifier: Apache-2.0

import CKexec
import Glibc
import Kexec
import Loading
import PhysicalMemory
import RunningKernel
import SystemPackage

/// The arguments of one of the two system calls.
enum Loadable {
  /// Of kexec_load(2).
  case segments([Segment], entry: UInt64)
  /// Of kexec_file_load(2); the command line without its NUL.
  case files(kernel: SealedFile, initrd: SealedFile?, commandLine: [UInt8])

  typealias Segment = (name: String, range: PhysicalRange, bytes: [UInt8])

  init(_ plan: KexecPlan) {
    self = .segments(
      plan.segments.map { ($0.kind.name, $0.range, $0.bytes) }, entry: plan.entry)
  }

  init(_ files: LoadJob.Files) throws(Failure) {
    var initrd: SealedFile?
    if let bytes = files.initrd { initrd = try SealedFile("initrd", bytes) }
    self = .files(
      kernel: try SealedFile("kernel", files.kernel), initrd: initrd,
      commandLine: files.commandLine)
  }

  /// A line for each argument.
  var lines: [String] {
    let parts: [(name: String, text: String?)] =
      switch self {
      case .segments(let segments, let entry):
        segments.map { ($0.name, "\($0.range), \($0.bytes.count) bytes of \($0.range.size)") }
          + [("entry", "0x" + String(entry, radix: 16))]
      case .files(let kernel, let initrd, let line):
        [
          ("kernel", "\(kernel.size) bytes"), ("initrd", initrd.map { "\($0.size) bytes" }),
          ("command line", String(decoding: line, as: UTF8.self)),
        ]
      }
    return parts.compactMap { name, text in
      text.map { name + String(repeating: " ", count: max(1, 14 - name.count)) + $0 }
    }
  }

  func load(for purpose: Purpose) throws(CallError) {
    switch self {
    case .segments(let segments, let entry):
      // The upper half of the flags, the architecture, is 0: the running kernel's.
      let flags = purpose == .crash ? UInt(KEXEC_ON_CRASH) : 0
      let errno = unsafe withTable(segments[...], []) { table in
        unsafe ckexec_load(UInt(entry), UInt(table.count), table, flags)
      }
      try CallError.check(errno, of: .kexecLoad)
    case .files(let kernel, let initrd, let line):
      let flags =
        (purpose == .crash ? KEXEC_FILE_ON_CRASH : 0)
        | (initrd == nil ? KEXEC_FILE_NO_INITRAMFS : 0)
      let text = line.map(CChar.init(bitPattern:)) + [0]
      let errno = unsafe ckexec_file_load(
        kernel.file.rawValue, initrd?.file.rawValue ?? -1, UInt(text.count), text, UInt(flags))
      try CallError.check(errno, of: .kexecFileLoad)
    }
  }
}

/// Lends the bytes of all segments, at most 16, by nested calls.
private func withTable(
  _ rest: ArraySlice<Loadable.Segment>, _ table: [kexec_segment],
  _ body: ([kexec_segment]) -> CInt
) -> CInt {
  guard let segment = rest.first else { return unsafe body(table) }
  return unsafe segment.bytes.withUnsafeBytes { bytes in
    let row = unsafe kexec_segment(
      buf: bytes.baseAddress, bufsz: .init(bytes.count),
      mem: UnsafeRawPointer(bitPattern: UInt(segment.range.start)),
      memsz: .init(segment.range.size))
    return unsafe withTable(rest.dropFirst(), table + [row], body)
  }
}

/// A sealed file in memory, which nothing can change before the kernel reads it; open until the program ends.
struct SealedFile {
  let file: FileDescriptor
  let size: Int

  init(_ name: String, _ bytes: [UInt8]) throws(Failure) {
    let number = unsafe bytes.withUnsafeBytes {
      unsafe ckexec_memory_file(name, $0.baseAddress, $0.count)
    }
    guard number >= 0 else {
      throw Failure(.systemCall, "a copy of the \(name): \(Errno(rawValue: -number))")
    }
    (file, size) = (FileDescriptor(rawValue: number), bytes.count)
  }
}

/// A system call that failed.
struct CallError: Error, Equatable {
  let call: SystemCall
  let errno: CInt

  static func check(_ errno: CInt, of call: SystemCall) throws(CallError) {
    guard errno == 0 else { throw CallError(call: call, errno: errno) }
  }
}

extension SystemCall {
  /// Unloads the kernel; either call unloads what the other one loaded.
  func unload(for purpose: Purpose) throws(CallError) {
    let errno =
      self == .kexecLoad
      ? ckexec_load(0, 0, nil, purpose == .crash ? UInt(KEXEC_ON_CRASH) : 0)
      : ckexec_file_load(
        -1, -1, 0, nil, UInt(KEXEC_FILE_UNLOAD | (purpose == .crash ? KEXEC_FILE_ON_CRASH : 0)))
    try CallError.check(errno, of: self)
  }
}

extension KexecStatus {
  /// The status of a machine; that of this machine with its system calls and the capability.
  init(ofOwn machine: RunningKernel) {
    self.init(of: machine)
    guard machine.isLive else { return }
    hasCapability = ckexec_may_boot() != 0
    let exists: [CInt: Bool] = [ENOSYS: false, EPERM: true]
    calls[.kexecLoad] = exists[ckexec_probe_load()]
    calls[.kexecFileLoad] = exists[ckexec_probe_file_load()]
  }

  /// Refuses to end this kernel if no other one can start.
  func checkExecutable() throws(Failure) {
    guard let isLoaded else {
      throw Failure(.notOffered, "this kernel has no kexec: /sys/kernel/kexec_loaded is missing")
    }
    guard isLoaded else {
      throw Failure(.notOffered, "nothing is loaded\nuse kexec-loader load first")
    }
    guard hasCapability != false else {
      throw Failure(.noPermission, "reboot: needs CAP_SYS_BOOT\nrun it as root")
    }
  }
}
