// SPDX-License-Identifier: Apache-2.0

/// Which of its trees a machine gives.
public enum TreeOrigin: String, CaseIterable, Hashable, Sendable {
  /// The blob that the kernel was booted with.
  case flat
  /// The tree that the kernel works with now.
  case live
}
