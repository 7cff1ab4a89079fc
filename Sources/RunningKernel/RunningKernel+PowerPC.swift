// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
package import DeviceTree
import Kexec
package import PhysicalMemory
import SystemPackage

/// Facts in `/proc/device-tree` that only powerpc kernels have.
///
/// `tree` is the live tree, if it was read; nil to read the files of the properties. A property that is not
/// one or two cells is ``MachineError/malformed(_:_:)``.
extension RunningKernel {
  /// The memory of crash kernels: `linux,crashkernel-base` and `-size` of `/chosen`.
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

  /// The memory of the firmware that a crash dump has even inside the crash kernel's memory: RTAS and
  /// OPAL (`arch/powerpc/kexec/ranges.c:add_rtas_mem_range`, `add_opal_mem_range`).
  package func firmwareMemory(
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

  /// The running kernel, from address 0 to `linux,kernel-end` (`arch/powerpc/kexec/core.c:kexec_setup`),
  /// which powerpc's `/proc/iomem` does not have.
  package func kernelMemory(in tree: DeviceTree? = nil) throws(MachineError) -> PhysicalRange? {
    try number("chosen/linux,kernel-end", in: tree).flatMap { PhysicalRange(start: 0, end: $0) }
  }

  /// The MMU mode that `/proc/cpuinfo` shows: `Radix` or `Hash`; nil without such a line.
  package func pageTableName() throws(MachineError) -> String? {
    let text = try bytes(of: path("proc/cpuinfo"), limit: Self.processorsLimit)
    let line = text?.split(separator: UInt8(ascii: "\n")).last {
      $0.starts(with: Array("MMU".utf8))
    }
    guard let line, let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    let blank = UInt8(ascii: " ")
    return String(decoding: line[(colon + 1)...].drop { $0 == blank }, as: UTF8.self)
  }

  /// A property of one or two cells, by its path in the live tree; nil when it is missing.
  private func number(
    _ property: FilePath, in tree: DeviceTree?
  ) throws(MachineError) -> UInt64? {
    let file = liveTreePath.pushing(property)
    var tree = tree
    if tree == nil, isArchiveOfLiveTree { tree = try liveTree().tree }
    let value: PropertyValue?
    if let tree {
      let node = "/" + property.removingLastComponent().string
      value = (try? tree.property(property.lastComponent?.string ?? "", of: node)) ?? nil
    } else {
      value = try bytes(of: file, limit: 1 << 10).map { PropertyValue(bytes: $0) }
    }
    guard let value else { return nil }
    guard let number = value.number else {
      throw .malformed(file, .badValue(offset: 0, value: UInt64(value.bytes.count)))
    }
    return number
  }
}
