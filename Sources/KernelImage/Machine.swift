// SPDX-License-Identifier: Apache-2.0

/// The architecture that a kernel is for, by its number in ELF files (`e_machine`).
public struct Machine: RawRepresentable, Hashable, Sendable {
  /// `e_machine`.
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
  /// LoongArch; its 32-bit and 64-bit kernels share the number.
  public static let loongarch = Machine(rawValue: 258)

  /// The architecture of a PE/COFF file for UEFI; nil for one that Linux does not run on, and for a
  /// 32-bit one whose number in ELF files is that of its 64-bit kernels too.
  ///
  /// Numbers: UEFI specification 2.10, section 2.1.1; Linux `include/linux/pe.h`.
  public init?(pe machine: UInt16) {
    switch machine {
    case 0xaa64: self = .arm64
    case 0x5064: self = .riscv
    case 0x6264: self = .loongarch
    case 0x8664: self = .x86_64
    case 0x01c2: self = .arm
    case 0x014c: self = .x86
    default: return nil
    }
  }
}

extension Machine: CustomStringConvertible {
  /// As `uname -m` has it, of the 64-bit kernel where one number stands for two.
  public var description: String {
    switch self {
    case .x86: "i686"
    case .ppc64: "ppc64"
    case .arm: "armv7l"
    case .x86_64: "x86_64"
    case .arm64: "aarch64"
    case .riscv: "riscv64"
    case .loongarch: "loongarch64"
    default: "e_machine \(rawValue)"
    }
  }
}
