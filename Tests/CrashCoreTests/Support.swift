// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import CrashCore
import ELF
import PhysicalMemory
import TestSupport
import Testing

/// A range that a test is sure of.
func range(_ start: UInt64, _ size: UInt64) throws -> PhysicalRange {
  try #require(PhysicalRange(start: start, size: size))
}

extension CoreHeader {
  /// The reference's golden: two CPUs, vmcoreinfo, the kernel's mapping, two ranges of memory.
  static func golden(byteOrder: ByteOrder = .little) throws -> CoreHeader {
    CoreHeader(
      machine: .arm64, byteOrder: byteOrder,
      cpuNotes: [try range(0x9ffb_e000, 0x1a8), try range(0x9ffd_2000, 0x1a8)],
      vmcoreinfo: try range(0x4155_a000, 0x1024),
      kernelText: KernelText(
        virtualAddress: 0xffff_a8cd_9180_0000, range: try range(0x4020_0000, 0x6a_0000)),
      memory: [
        Memory(
          range: try range(0x4000_0000, 0x5140_0000), virtualAddress: 0xffff_3a84_4000_0000),
        Memory(
          range: try range(0x9d40_0000, 0x2c0_0000), virtualAddress: 0xffff_3a84_9d40_0000),
      ])
  }
}

/// The core headers that kernels and kexec-tools made of captured machines: machine and maker.
let oracles: [(String, String)] =
  [
    "arm64-virt-2g-6.12-kf", "arm64-virt-6.12-kf", "arm64-virt-6g-highlow-6.12-kf",
    "arm64-virt-uefi-dt-6.12-kf", "pseries-7.2-kf", "riscv64-virt-7.2-kf", "x86_64-q35-6.1",
    "x86_64-q35-6g-high-6.1", "x86_64-q35-hotplug-6.12", "x86_64-q35-la57-6.12",
  ].flatMap { [($0, "kernel"), ($0, "kexec-tools")] }
  + [
    "arm64-virt-1g-6.1", "arm64-virt-6.12", "arm64-virt-uefi-acpi-6.12", "pseries-6.12",
    "riscv64-virt-6.12",
  ].map { ($0, "kexec-tools") }

/// The bytes of one of them.
func oracle(_ machine: String, _ maker: String) throws -> [UInt8] {
  try contents(of: Fixtures.machine(machine) + "/oracle/\(maker)-elfcorehdr.bin")
}

extension CoreMachine {
  /// The machine that the golden header describes.
  static func golden() throws -> CoreMachine {
    CoreMachine(
      machine: .arm64, byteOrder: .little,
      memory: PhysicalRangeSet([try range(0x4000_0000, 0x6000_0000)]),
      crashRegions: PhysicalRangeSet([try range(0x9140_0000, 0xc00_0000)]),
      cpuNotes: [try range(0x9ffb_e000, 0x1a8), try range(0x9ffd_2000, 0x1a8)],
      vmcoreinfo: try range(0x4155_a000, 0x1024), linearMap: 0xffff_3a84_0000_0000,
      kernelText: CoreHeader.KernelText(
        virtualAddress: 0xffff_a8cd_9180_0000, range: try range(0x4020_0000, 0x6a_0000)))
  }
}

/// A field of the ELF file header, by the System V ABI, chapter 4.
struct Field: Sendable {
  let offset: Int
  let size: Int

  static let fileClass = Field(offset: 4, size: 1)
  static let identificationVersion = Field(offset: 6, size: 1)
  static let type = Field(offset: 16, size: 2)
  static let machine = Field(offset: 18, size: 2)
  static let version = Field(offset: 20, size: 4)
  static let tableOffset = Field(offset: 32, size: 8)
  static let headerSize = Field(offset: 52, size: 2)
  static let entrySize = Field(offset: 54, size: 2)
  static let count = Field(offset: 56, size: 2)
}

extension [UInt8] {
  /// Writes a field of the file header.
  mutating func set(_ field: Field, _ value: UInt64, _ order: ByteOrder = .little) {
    for index in 0..<field.size {
      let shift = 8 * (order == .little ? index : field.size - 1 - index)
      self[field.offset + index] = UInt8(truncatingIfNeeded: value >> shift)
    }
  }
}
