// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat

/// An architecture by its number in ELF files (`e_machine`), known or not.
///
/// The table at the end of this file has a row for each known one.
public struct Machine: RawRepresentable, Hashable, Sendable {
  /// `e_machine`: `include/uapi/linux/elf-em.h`.
  public let rawValue: UInt16

  /// The architecture of this number, known or not.
  public init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  /// 32-bit x86.
  public static let x86 = Machine(rawValue: 3)
  /// 64-bit PowerPC, either byte order.
  public static let ppc64 = Machine(rawValue: 21)
  /// 32-bit Arm.
  public static let arm = Machine(rawValue: 40)
  /// x86-64.
  public static let x86_64 = Machine(rawValue: 62)
  /// 64-bit Arm.
  public static let arm64 = Machine(rawValue: 183)
  /// RISC-V; its 32-bit and 64-bit kernels share the number.
  public static let riscv = Machine(rawValue: 243)
  /// LoongArch; 32-bit machines share the number.
  public static let loongarch = Machine(rawValue: 258)

  /// `EI_CLASS`.
  public enum Class: UInt8, Hashable, Sendable {
    /// `ELFCLASS32`.
    case bits32 = 1
    /// `ELFCLASS64`.
    case bits64 = 2
  }
}

extension Machine {
  /// The architecture of a PE/COFF file for UEFI; nil for one without Linux, and for a 32-bit one that shares
  /// `e_machine` with its 64-bit kernels.
  public init?(pe number: UInt16) {
    guard let row = table.first(where: { $0.pe == number }) else { return nil }
    self = row.machine
  }

  /// The names of the architecture for kernels of this byte order, that of `uname -m` first; empty for an
  /// unknown one.
  public func names(_ order: ByteOrder) -> [String] {
    row.map { order == .little ? $0.little : $0.big } ?? []
  }

  /// The classes of the Linux kernels that have this number; empty for an unknown architecture.
  public var classes: [Class] { row?.classes ?? [] }
  /// The number in PE/COFF files, of the 64-bit machine where there are two; nil where UEFI has none.
  public var peNumber: UInt16? { row?.pe }
  /// The number in PE/COFF files of a 32-bit machine that shares `e_machine` with a 64-bit one.
  public var peNumberOf32Bit: UInt16? { row?.pe32 }

  private var row: Row? { table.first { $0.machine == self } }
}

extension Machine: CustomStringConvertible {
  /// The name of `uname -m`, of the 64-bit kernel where one number stands for two; `ppc64` for PowerPC of
  /// either byte order.
  public var description: String {
    (names(.big) + names(.little)).first ?? "e_machine \(rawValue)"
  }
}

/// A known architecture.
private typealias Row = (
  machine: Machine, classes: [Machine.Class], little: [String], big: [String], pe: UInt16?,
  pe32: UInt16?
)

/// The known architectures: classes, names by byte order, and numbers in PE/COFF files (UEFI specification
/// 2.10, section 2.1.1; `include/linux/pe.h`). Big-endian kernels for Arm are not supported.
private let table: [Row] = [
  (.x86, [.bits32], ["i686"], [], 0x014c, nil),
  (.ppc64, [.bits64], ["ppc64le"], ["ppc64", "powerpc64"], nil, nil),
  (.arm, [.bits32], ["armv7l", "arm", "armhf", "armv6l", "armv5tel"], [], 0x01c2, nil),
  (.x86_64, [.bits64], ["x86_64", "amd64"], [], 0x8664, nil),
  // 32-bit processes see `armv8l` on an arm64 kernel.
  (.arm64, [.bits64], ["aarch64", "arm64", "armv8l"], [], 0xaa64, nil),
  (.riscv, [.bits32, .bits64], ["riscv64", "riscv"], [], 0x5064, 0x5032),
  (.loongarch, [.bits64], ["loongarch64", "loong64"], [], 0x6264, 0x6232),
]
