// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import PhysicalMemory
import RunningKernel
import TestSupport

/// Seeds that are recognized when they turn up where they should not.
let fixedSeeds = Seeds(kaslr: Array(1...8), rng: (0..<128).map { UInt8($0 ^ 0x5a) })

/// An initrd that is free in all our own sources.
let someInitrd = range(0x5000_0000, 0x12_3456)

func range(_ start: UInt64, _ size: UInt64) -> PhysicalRange {
  guard let range = PhysicalRange(start: start, size: size) else { preconditionFailure("a range") }
  return range
}

/// A tree of `dts/`.
func source(_ name: String) throws -> DeviceTree {
  try DeviceTree(blob: Fixtures.blob(name))
}

/// The tree for the next kernel, opened again.
func patched(
  _ base: DeviceTree, for architecture: Architecture = .arm64, edits: [TreeEdit] = [],
  _ handover: Handover = Handover(commandLine: "console=ttyAMA0", seeds: fixedSeeds),
  on machine: MachineFacts = MachineFacts()
) throws -> DeviceTree {
  let next = try NextTree(
    from: base, edits: edits, for: architecture, handover: handover, machine: machine)
  return try DeviceTree(blob: next.blob)
}

/// What dtfix knows about a captured machine.
func facts(of machine: RunningKernel) throws -> MachineFacts {
  let map = try machine.memoryMap()
  return MachineFacts(
    pageSize: try machine.pageSize(), systemRAM: map?.systemRAM, reserved: map?.reserved ?? [],
    crashRegions: try machine.crashRegions())
}

extension DeviceTree {
  func chosen(_ name: String) throws -> PropertyValue? {
    try property(name, of: "/chosen")
  }
}

extension TreeComparison.Difference {
  /// Whether it is about a random property.
  var isOfSeed: Bool {
    guard case .property(let name, "/chosen", _, _) = self else { return false }
    return name == "kaslr-seed" || name == "rng-seed"
  }
}
