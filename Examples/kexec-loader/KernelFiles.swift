// SPDX-License-Identifier: Apache-2.0

import CKexec
import Glibc
import Kexec
import Loading
import SystemPackage

/// Kernel, initrd and command line, as kexec_file_load(2) takes them: the kernel does the rest.
struct KernelFiles: Loadable {
  let kernel: SealedFile
  let initrd: SealedFile?
  /// Without the NUL at its end.
  let commandLine: [UInt8]
  /// Whether the kernel is to log what it does, if it can: Linux 6.8.
  let isLogged: Bool

  let call = SystemCall.kexecFileLoad

  /// Copies files that nobody can change any more.
  init(_ files: LoadJob.Files, isLogged: Bool) throws(Failure) {
    kernel = try SealedFile("kernel", files.kernel)
    if let bytes = files.initrd { initrd = try SealedFile("initrd", bytes) } else { initrd = nil }
    commandLine = files.commandLine
    self.isLogged = isLogged
  }

  var lines: [String] {
    let line = String(decoding: commandLine, as: UTF8.self)
    let parts: [(String, String?)] = [
      ("kernel", "\(kernel.size) bytes"), ("initrd", initrd.map { "\($0.size) bytes" }),
      ("command line", line),
    ]
    return parts.compactMap { name, value in value.map { name.padded(to: 14) + $0 } }
  }

  /// A flag that an older kernel does not know is EINVAL, as much else is, so it is tried without.
  func load(forCrash: Bool) throws(CallError) {
    let flags =
      (forCrash ? KEXEC_FILE_ON_CRASH : 0) | (initrd == nil ? KEXEC_FILE_NO_INITRAMFS : 0)
    do throws(CallError) {
      try load(flags: UInt(flags | (isLogged ? KEXEC_FILE_DEBUG : 0)))
    } catch {
      guard isLogged, error.errno == EINVAL else { throw error }
      try load(flags: UInt(flags))
    }
  }

  private func load(flags: UInt) throws(CallError) {
    let line = commandLine.map(CChar.init(bitPattern:)) + [0]
    let errno = unsafe line.withUnsafeBufferPointer {
      unsafe ckexec_file_load(
        kernel.file.rawValue, initrd?.file.rawValue ?? -1, UInt($0.count), $0.baseAddress, flags)
    }
    try CallError.check(errno, of: call)
  }
}

/// A file without a name, which nobody can change any more, also not this program: the kernel reads what
/// was checked. It is there until the program ends.
struct SealedFile {
  let file: FileDescriptor
  let size: Int

  init(_ name: String, _ bytes: [UInt8]) throws(Failure) {
    let number = unsafe ckexec_memory_file(name)
    guard number >= 0 else {
      throw Failure(.systemCall, "memfd_create: \(Errno(rawValue: errno))")
    }
    file = FileDescriptor(rawValue: number)
    do {
      // Writes less at a time than it was given, until it has written all.
      size = try file.writeAll(bytes)
    } catch {
      throw Failure(.systemCall, "a copy of the \(name): \(error)")
    }
    let result = ckexec_seal(number)
    guard result == 0 else { throw Failure(.systemCall, "fcntl: \(Errno(rawValue: result))") }
  }
}
