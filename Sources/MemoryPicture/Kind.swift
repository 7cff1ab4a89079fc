// SPDX-License-Identifier: Apache-2.0

extension MemoryPicture {
  /// What memory is used for; later ones are painted over earlier ones.
  public enum Kind: Int, Hashable, Sendable, CaseIterable {
    /// Memory that the firmware told of.
    case ram
    /// Memory that a driver added.
    case driverRAM
    /// Anything else that has addresses: tables of the firmware, a device.
    case other
    /// What the kernel or the firmware keeps.
    case reserved
    /// The running kernel.
    case kernel
    /// Memory set apart for a crash kernel.
    case crash
    /// What kexec copies: a part of a plan.
    case segment
  }
}

extension MemoryPicture.Kind: Comparable {
  /// Whether it is painted before the other.
  public static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }

  /// What a legend calls it.
  var name: String {
    switch self {
    case .ram: "RAM"
    case .driverRAM: "RAM of a driver"
    case .other: "other"
    case .reserved: "reserved"
    case .kernel: "running kernel"
    case .crash: "crash kernel"
    case .segment: "segment"
    }
  }

  /// Whether a range of it is memory, not just addresses.
  var isMemory: Bool { self != .other && self != .reserved }

  /// Whether it is what people look for: shown by itself, and to scale.
  var isOfInterest: Bool { self >= .kernel }

  /// Whether neighbours are as good as one range.
  var isSummed: Bool { self <= .kernel }
}
