// SPDX-License-Identifier: Apache-2.0

/// What a kernel is started for; it decides what belongs in its tree, and where a plan may lie.
public enum Purpose: String, Hashable, Sendable, CaseIterable {
  /// An ordinary kexec.
  case kexec
  /// A crash kernel.
  case crash
}
