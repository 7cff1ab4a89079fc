// SPDX-License-Identifier: Apache-2.0

/// A fact without which there is no core header; later versions may know more.
public enum CrashFact: Hashable, Sendable {
  /// Where the vmcoreinfo note is: no tool can read a dump without it.
  case vmcoreinfo
  /// Where the CPUs' registers are saved.
  case cpuNotes
  /// What RAM there is.
  case memory
  /// Where the first 64 KiB are copied to: ppc64.
  case backup
}
