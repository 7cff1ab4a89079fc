// SPDX-License-Identifier: Apache-2.0

/// What a kernel is started for; it decides what belongs in its tree, and where a plan may lie.
public enum Purpose: String, Hashable, Sendable, CaseIterable {
  /// An ordinary kexec.
  case kexec
  /// A crash kernel.
  case crash
}

/// A release of Linux, such as 6.12: rules say since which one they hold, and until which.
package struct KernelRelease: Hashable, Sendable {
  package let major: Int
  package let minor: Int

  package init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// The oldest kernel that is supported.
  package static let oldest = KernelRelease(6, 1)
  /// The newest kernel whose sources the rules were compared with.
  package static let newest = KernelRelease(7, 3)
}

extension KernelRelease: Comparable {
  package static func < (one: KernelRelease, other: KernelRelease) -> Bool {
    (one.major, one.minor) < (other.major, other.minor)
  }
}

extension KernelRelease: CustomStringConvertible {
  /// `6.12`.
  package var description: String { "\(major).\(minor)" }
}
