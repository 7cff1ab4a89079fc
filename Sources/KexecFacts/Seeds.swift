// SPDX-License-Identifier: Apache-2.0

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

  /// A row for each: the property that holds the bytes, the option, and why it is written.
  public static let rows: [(property: String, option: String, reason: String)] = [
    (ChosenProperty.kaslrSeed, "--kaslr-seed", "fresh, so that the next kernel moves itself"),
    (ChosenProperty.rngSeed, "--rng-seed", "fresh, for the random number generator"),
  ]
  /// The bytes, in the order of the rows.
  package var values: [[UInt8]?] { [kaslr, rng] }

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
