// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Kexec
public import SystemPackage

/// A machine as its kernel describes it in /proc and /sys: this one, or one captured in a folder.
///
/// Every fact is read when it is asked for, whole or not at all. Only regular files are read, as all
/// of /proc and /sys are: anything else is ``MachineError/notRegular(_:_:)``, and never waited for.
public struct RunningKernel: Hashable, Sendable {
  /// The folder that holds `proc` and `sys`.
  public let root: FilePath

  /// A machine under a folder; `/` for this one.
  public init(root: FilePath = "/") {
    self.root = root
  }

  /// Whether this is the machine that the process runs on, by its name: a root that leads to it by
  /// another name, such as `/proc/1/root`, is read like a capture.
  public var isLive: Bool { root.lexicallyNormalized() == "/" }

  /// Whether there is something under this name at all.
  package var isThere: Bool {
    var status = stat()
    return unsafe root.withPlatformString { unsafe stat($0, &status) } == 0
  }

  /// The largest device tree that is read, in bytes: 32 times what arm64 and riscv boot with.
  public static let treeLimit = 64 << 20

  /// The largest archive of a live tree that is read, in bytes: a header of 512 for each property.
  static let archiveLimit = 1 << 30

  /// The largest `/proc/iomem` that is read, in bytes: more than a million lines.
  static let memoryMapLimit = 64 << 20

  /// The blob the kernel was booted with: `/sys/firmware/fdt`, which only root may read.
  ///
  /// What is in it is not looked at.
  ///
  /// - Throws: ``MachineError/missing(_:advice:)`` on a machine without a device tree, and
  ///   ``MachineError/tooLarge(_:limit:)`` for more than ``treeLimit`` bytes.
  public func flatTree() throws(MachineError) -> [UInt8] {
    try readFile(
      path("sys/firmware/fdt"), limit: Self.treeLimit,
      whenMissing: .noTreeAtBoot, whenNotPermitted: .treeIsForRoot)
  }

  /// Where ``flatTree()`` comes from.
  public var flatTreePath: FilePath { path("sys/firmware/fdt") }

  /// The command line the kernel was booted with: the bytes of `/proc/cmdline` without its newline,
  /// at most 1 MiB; no kernel takes more than a few KiB (`COMMAND_LINE_SIZE`).
  public func commandLine() throws(MachineError) -> [UInt8] {
    var bytes = try readFile(commandLinePath, limit: 1 << 20)
    if bytes.last == 0x0a { bytes.removeLast() }
    return bytes
  }

  /// Where ``commandLine()`` comes from.
  public var commandLinePath: FilePath { path("proc/cmdline") }

  /// Bytes in a page, a power of two: from the system on this machine, on any other from `PAGESIZE` in
  /// the vmcoreinfo note of `/proc/kcore`, or else from the file that a ``Capture`` begins with; nil
  /// when neither says.
  ///
  /// - Throws: `KexecError` for a `/proc/kcore` that is no 64-bit ELF file, ends within its headers or
  ///   notes, or has more than 16 MiB of notes, and for a malformed file of a capture.
  public func pageSize() throws(KexecError) -> UInt64? {
    try snapshot(of: .kernel).$pageSize.ifPresent
  }

  /// The architecture as `uname -m` names it: from the system on this machine, on any other from the
  /// ELF header of `/proc/kcore`, or else from the file that a ``Capture`` begins with; nil when
  /// neither says.
  ///
  /// - Throws: the same as ``pageSize()``.
  public func architectureName() throws(KexecError) -> String? {
    try snapshot(of: .kernel).$architectureName.ifPresent
  }

  /// The architecture by the system, as it presents itself to this process: an arm64 kernel is `armv8l` to a
  /// 32-bit process or under `setarch` (`COMPAT_UTS_MACHINE` in `arch/arm64/include/asm/compat.h`).
  /// No 32-bit kernel calls itself so: those are `armv7l` and before.
  var ownArchitecture: String? {
    var name = utsname()
    guard unsafe uname(&name) == 0 else { return nil }
    return unsafe withUnsafeBytes(of: name.machine) {
      unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// `/proc/iomem`; nil only when there is no such file.
  ///
  /// A kernel prints the file for everybody, but its addresses for few: look at
  /// ``MemoryMap/isHidden``, and at ``MemoryMap/isEmpty`` for a file with nothing in it. Neither
  /// means that the machine has no memory.
  ///
  /// - Throws: ``MachineError/malformedLine(_:line:text:)``, and
  ///   ``MachineError/tooLarge(_:limit:)`` for more than 64 MiB of text.
  public func memoryMap() throws(MachineError) -> MemoryMap? {
    let bytes: [UInt8]
    do {
      bytes = try readFile(memoryMapPath, limit: Self.memoryMapLimit)
    } catch .missing {
      return nil
    }
    do {
      return try MemoryMap(bytes.span)
    } catch {
      throw .malformedLine(memoryMapPath, line: error.number, text: error.text)
    }
  }

  /// Where ``pageSize()`` and ``architectureName()`` come from on machines that are not live.
  public var corePath: FilePath { path("proc/kcore") }

  /// Where ``memoryMap()`` comes from.
  public var memoryMapPath: FilePath { path("proc/iomem") }

  func path(_ relative: FilePath) -> FilePath { root.pushing(relative) }
}
