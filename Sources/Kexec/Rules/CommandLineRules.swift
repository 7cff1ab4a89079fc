// SPDX-License-Identifier: Apache-2.0

/// How the kernels of one architecture are told on the command line what others read in a tree.
///
/// The command line is a segment of its own: the running kernel copies it from the loader's buffer to where
/// the next one reads it.
struct CommandLineRules: Sendable {
  /// The first word, which says that a loader wrote the line.
  let marker: String
  /// Why it is that one, and whose rule that is.
  let markerReason: (text: String, rule: Rule)
  /// The bytes by which the running kernel finds the segment: its first ones, and no other segment's.
  let start: String
  /// All words that loaders begin a line with.
  let markers: [String]
  /// Bytes that the running kernel reads from the loader's buffer.
  let size: Int
  /// Who finds the segment and copies it.
  let reader: Rule
  /// The functions that write the other words.
  let (memoryRule, coreHeaderRule, initrdRule): (Rule, Rule, Rule)
}
