// SPDX-License-Identifier: Apache-2.0

import Files
import Glibc
public import SystemPackage

/// A machine as its kernel describes it in /proc and /sys: this one, or one captured in a folder.
///
/// Files are read on request, whole, and only regular ones, as all of /proc and /sys are; any other file
/// is ``MachineError/notRegular(_:_:)``.
public struct RunningKernel: Hashable, Sendable {
  /// The folder that holds `proc` and `sys`.
  public let root: FilePath

  /// A machine under a folder; `/` for this one.
  public init(root: FilePath = "/") {
    self.root = root
  }

  /// Whether the root is `/`; any other path, `/proc/1/root` too, is read as a capture.
  public var isLive: Bool { root.lexicallyNormalized() == "/" }

  /// Whether the root exists.
  package var exists: Bool { FileStatus(root.string) != nil }

  /// The largest device tree that is read, in bytes: 32 times what arm64 and riscv boot with.
  public static let treeLimit = 64 << 20
  /// The largest archive of a live tree that is read, in bytes: a header of 512 for each property.
  static let archiveLimit = 1 << 30
  /// The largest `/proc/iomem` that is read, in bytes: more than a million lines.
  static let memoryMapLimit = 64 << 20
  /// The largest `/proc/cpuinfo` that is read, in bytes.
  static let processorsLimit = 16 << 20

  /// Where ``flatTree()`` comes from.
  public var flatTreePath: FilePath { path("sys/firmware/fdt") }
  /// Where ``commandLine()`` comes from.
  public var commandLinePath: FilePath { path("proc/cmdline") }
  /// Where ``memoryMap()`` comes from.
  public var memoryMapPath: FilePath { path("proc/iomem") }
  /// Where the kernel's layout comes from and, in a capture, its architecture and page size.
  public var corePath: FilePath { path("proc/kcore") }
  /// Where ``measurements()`` come from.
  public var measurementsPath: FilePath {
    path("sys/kernel/security/ima/binary_runtime_measurements")
  }

  /// The blob the kernel was booted with, unchecked: `/sys/firmware/fdt`, which only root may read.
  ///
  /// - Throws: ``MachineError/missing(_:advice:)`` on a machine without a device tree, and
  ///   ``MachineError/tooLarge(_:limit:)`` for more than ``treeLimit`` bytes.
  public func flatTree() throws(MachineError) -> [UInt8] {
    try readFile(
      flatTreePath, limit: Self.treeLimit,
      whenMissing: .noTreeAtBoot, whenNotPermitted: .isForRoot)
  }

  /// The command line the kernel was booted with: the bytes of `/proc/cmdline` without its newline,
  /// at most 1 MiB; no kernel takes more than a few KiB (`COMMAND_LINE_SIZE`).
  public func commandLine() throws(MachineError) -> [UInt8] {
    var bytes = try readFile(commandLinePath, limit: 1 << 20)
    if bytes.last == 0x0a { bytes.removeLast() }
    return bytes
  }

  /// The architecture as uname(2) has it: an arm64 kernel is `armv8l` to a 32-bit process and under
  /// `setarch` (`COMPAT_UTS_MACHINE` in `arch/arm64/include/asm/compat.h`). 32-bit kernels are `armv7l`
  /// at the most.
  var ownArchitecture: String? {
    var name = utsname()
    guard unsafe uname(&name) == 0 else { return nil }
    return unsafe withUnsafeBytes(of: name.machine) {
      unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// `/proc/iomem`; nil when there is no such file.
  ///
  /// Every process may read the file, but few may see its addresses: see ``MemoryMap/isHidden``.
  ///
  /// - Throws: ``MachineError/malformedLine(_:line:text:)``, and
  ///   ``MachineError/tooLarge(_:limit:)`` for more than 64 MiB of text.
  public func memoryMap() throws(MachineError) -> MemoryMap? {
    guard let bytes = try bytes(of: memoryMapPath, limit: Self.memoryMapLimit) else { return nil }
    do {
      return try MemoryMap(bytes.span)
    } catch {
      throw MachineError(error, in: memoryMapPath)
    }
  }

  func path(_ relative: FilePath) -> FilePath { root.pushing(relative) }
}

// MARK: - Measurements of IMA

extension RunningKernel {
  /// The largest measurement list that is read, in bytes: more than a million measurements. A kernel
  /// passes on no list of more than half of the memory (`ima_kexec.c:ima_add_kexec_buffer`).
  static let measurementsLimit = 256 << 20

  /// The measurement list with SHA-1 digests, `binary_runtime_measurements`; nil without IMA, and when
  /// securityfs is not mounted.
  ///
  /// The list grows while it is read, so it is read again until two readings are the same.
  ///
  /// - Throws: ``MachineError/notPermitted(_:advice:)``, ``MachineError/unsteady(_:attempts:)`` for a
  ///   list that never stops growing, and ``MachineError/tooLarge(_:limit:)`` for more than 256 MiB.
  ///   A kernel whose list is being deleted answers with ``MachineError/unreadable(_:_:)`` (`EBUSY`).
  public func measurements() throws(MachineError) -> [UInt8]? {
    try measurements { _ in }
  }

  /// The same, with up to `attempts` readings after the first, and a call after each.
  package func measurements(
    attempts: Int = 8, afterReading: (Int) -> Void
  ) throws(MachineError) -> [UInt8]? {
    func read() throws(MachineError) -> [UInt8]? {
      try bytes(
        of: measurementsPath, limit: Self.measurementsLimit,
        whenNotPermitted: .measurementsAreForRoot)
    }
    guard var last = try read() else { return nil }
    for attempt in 1...attempts {
      afterReading(attempt)
      guard let bytes = try read() else { return nil }
      guard bytes != last else { return bytes }
      last = bytes
      usleep(UInt32(attempt) * 10_000)
    }
    throw .unsteady(measurementsPath, attempts: attempts)
  }
}
