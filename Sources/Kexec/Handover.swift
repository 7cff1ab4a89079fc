// SPDX-License-Identifier: Apache-2.0

public import PhysicalMemory

/// What the next kernel is to be told, apart from what the machine is.
public struct Handover: Hashable, Sendable {
  /// The command line; nil for none, so that the kernel falls back on its own.
  public var commandLine: KernelCommandLine?
  /// Where a loader puts the initrd; its end is not rounded. Nil for none.
  public var initrd: PhysicalRange?
  /// Memory that the next kernel must leave alone.
  public var reservations: [PhysicalRange]
  /// Fresh random bytes.
  public var seeds: Seeds

  /// A hand-over; without arguments, one that only wipes what the last one left.
  public init(
    commandLine: KernelCommandLine? = nil, initrd: PhysicalRange? = nil,
    reservations: [PhysicalRange] = [],
    seeds: Seeds = .none
  ) {
    self.commandLine = commandLine
    self.initrd = initrd
    self.reservations = reservations
    self.seeds = seeds
  }
}

/// Random bytes for the next kernel; nothing here prints them.
public struct Seeds: Hashable, Sendable {
  /// For the kernel's own place: exactly ``kaslrSize`` bytes; nil for no KASLR.
  public var kaslr: [UInt8]?
  /// For its random number generator; nil for none.
  public var rng: [UInt8]?

  /// What the kernel reads: `arch/arm64/kernel/pi/kaslr_early.c:get_kaslr_seed`.
  public static let kaslrSize = 8
  /// What the kernel writes: `RNG_SEED_SIZE` in `drivers/of/kexec.c`.
  public static let rngSize = 128

  /// No seeds: the next kernel boots without KASLR and with less entropy.
  public static let none = Seeds(kaslr: nil, rng: nil)

  /// Seeds of the caller's making: from getrandom(2), or fixed ones for reproducible trees.
  public init(kaslr: [UInt8]?, rng: [UInt8]?) {
    self.kaslr = kaslr
    self.rng = rng
  }
}

extension Seeds: CustomStringConvertible, CustomReflectable {
  /// Sizes only.
  public var description: String {
    "Seeds(kaslr: \(kaslr?.count ?? 0) bytes, rng: \(rng?.count ?? 0) bytes)"
  }
  /// Nothing to see for debuggers and test reports.
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// What is known about the machine that the tree was taken from; all of it optional.
public struct MachineFacts: Hashable, Sendable {
  /// Bytes in a page of the running kernel: the initrd it got may be reserved in whole pages.
  public var pageSize: UInt64?
  /// `System RAM` in `/proc/iomem`.
  public var systemRAM: [PhysicalRange]?
  /// `reserved` inside it: where the running kernel keeps its tree, among other things.
  public var reserved: [PhysicalRange]

  /// Facts; without arguments, none, as for the tree of a board that is not there.
  public init(
    pageSize: UInt64? = nil, systemRAM: [PhysicalRange]? = nil, reserved: [PhysicalRange] = []
  ) {
    self.pageSize = pageSize
    self.systemRAM = systemRAM
    self.reserved = reserved
  }
}
