// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import DeviceTree
public import Kexec
public import PhysicalMemory
import SystemPackage

/// What powerpc kernels say in `/proc/device-tree`, and nowhere else.
extension RunningKernel {
  /// The memory set apart for crash kernels, the highest first: of `/proc/iomem`, or, on powerpc,
  /// `linux,crashkernel-base` and `-size` of `/chosen`, which the running kernel adds.
  ///
  /// - Throws: `KexecError`, as ``memoryMap()``, and for a property of another size.
  public func crashRegions() throws(KexecError) -> [PhysicalRange] {
    try snapshot(of: .crashRegions).$crashRegions.ifPresent
  }

  /// The same on powerpc, by a live tree that was read, or by the files of its properties.
  func crashRegions(in tree: DeviceTree?) throws(MachineError) -> [PhysicalRange] {
    let base: FilePath = "chosen/linux,crashkernel-base"
    let length: FilePath = "chosen/linux,crashkernel-size"
    switch (try number(base, in: tree), try number(length, in: tree)) {
    case (let start?, let size?):
      return [PhysicalRange(start: start, size: size)].compactMap { $0 }
    case (nil, nil): return []
    case (nil, _): throw .missing(liveTreePath.pushing(base), advice: nil)
    case (_, nil): throw .missing(liveTreePath.pushing(length), advice: nil)
    }
  }

  /// The memory of the firmware that a crash dump has even where it lies inside the crash kernel's:
  /// RTAS and OPAL (`arch/powerpc/kexec/ranges.c:add_rtas_mem_range`, `add_opal_mem_range`); none on
  /// other architectures.
  ///
  /// - Parameter tree: a live tree that was read; nil to read the files of the properties.
  /// - Throws: ``MachineError/malformed(_:_:)`` for a property of another size.
  public func firmwareMemory(
    in tree: DeviceTree? = nil
  ) throws(MachineError) -> [PhysicalRange] {
    var ranges: [PhysicalRange] = []
    for (start, size) in [
      ("rtas/linux,rtas-base", "rtas/rtas-size"),
      ("ibm,opal/opal-base-address", "ibm,opal/opal-runtime-size"),
    ] as [(FilePath, FilePath)] {
      guard let start = try number(start, in: tree), let size = try number(size, in: tree),
        let range = PhysicalRange(start: start, size: size)
      else { continue }
      ranges.append(range)
    }
    return ranges
  }

  /// The running kernel, from address 0 to what it tells as its end (`linux,kernel-end`,
  /// `arch/powerpc/kexec/core.c:kexec_setup`): powerpc's `/proc/iomem` does not have it; nil elsewhere.
  ///
  /// - Parameter tree: a live tree that was read; nil to read the file of the property.
  /// - Throws: ``MachineError/malformed(_:_:)`` for a property of another size.
  public func kernelMemory(in tree: DeviceTree? = nil) throws(MachineError) -> PhysicalRange? {
    try number("chosen/linux,kernel-end", in: tree).flatMap { PhysicalRange(start: 0, end: $0) }
  }

  /// How the kernel translates addresses, in the words of `/proc/cpuinfo`: `Radix` or `Hash`; nil when
  /// that does not say, as on other architectures.
  ///
  /// - Throws: ``MachineError/tooLarge(_:limit:)`` for more than 16 MiB of text.
  public func pageTableName() throws(MachineError) -> String? {
    let bytes: [UInt8]
    do {
      bytes = try readFile(path("proc/cpuinfo"), limit: 16 << 20)
    } catch .missing {
      return nil
    }
    let line = bytes.split(separator: UInt8(ascii: "\n")).last {
      $0.starts(with: Array("MMU".utf8))
    }
    guard let line, let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    let blank = UInt8(ascii: " ")
    return String(decoding: line[(colon + 1)...].drop { $0 == blank }, as: UTF8.self)
  }

  /// A property of one or two big-endian cells; nil when it is not there.
  private func number(
    _ property: FilePath, in tree: DeviceTree? = nil
  ) throws(MachineError) -> UInt64? {
    let place = liveTreePath.pushing(property)
    guard let bytes = try bytes(of: property, in: tree) else { return nil }
    do throws(FormatError) {
      switch bytes.count {
      case 4: return UInt64(try bytes.span.bigEndian(UInt32.self, at: 0))
      case 8: return try bytes.span.bigEndian(at: 0)
      default: throw FormatError.badValue(offset: 0, value: UInt64(bytes.count))
      }
    } catch {
      throw .malformed(place, error)
    }
  }

  /// The bytes of a property, by its path in the live tree; nil when it is not there.
  private func bytes(
    of property: FilePath, in tree: DeviceTree?
  ) throws(MachineError) -> [UInt8]? {
    var tree = tree
    if tree == nil, isArchiveOfLiveTree { tree = try liveTree().tree }
    if let tree {
      let node = "/" + property.removingLastComponent().string
      let name = property.lastComponent?.string ?? ""
      return ((try? tree.property(name, of: node)) ?? nil)?.bytes
    }
    do {
      return try readFile(liveTreePath.pushing(property), limit: 1 << 10)
    } catch .missing {
      return nil
    }
  }
}
