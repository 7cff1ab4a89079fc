// SPDX-License-Identifier: Apache-2.0

/// A release of Linux, such as 6.12: rules say since which one they hold, and until which.
struct KernelRelease: Hashable, Sendable {
  let major: Int
  let minor: Int

  init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// The oldest kernel that is supported.
  static let oldest = KernelRelease(6, 1)
  /// The newest kernel whose sources the rules were compared with.
  static let newest = KernelRelease(7, 3)
}

extension KernelRelease: Comparable {
  static func < (one: KernelRelease, other: KernelRelease) -> Bool {
    (one.major, one.minor) < (other.major, other.minor)
  }
}

extension KernelRelease: CustomStringConvertible {
  /// `6.12`.
  var description: String { "\(major).\(minor)" }
}
