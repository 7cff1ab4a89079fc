// SPDX-License-Identifier: Apache-2.0

/// What a kernel is started for; it decides what belongs into its tree, and where a plan may lie.
public enum Purpose: Hashable, Sendable, CaseIterable {
  /// An ordinary kexec.
  case kexec
  /// A crash kernel.
  case crash
}
