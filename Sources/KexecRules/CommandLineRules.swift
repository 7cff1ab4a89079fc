// SPDX-License-Identifier: Apache-2.0

package import KexecFacts

/// How a loader passes on the command line what other architectures have in a tree.
///
/// The command line is a segment of its own: the running kernel copies it from the loader's buffer to where
/// the next one reads it.
package struct CommandLineRules: Sendable {
  /// The first word, which says that a loader wrote the line.
  package let marker: String
  /// Why it is that one, and whose rule that is.
  package let markerReason: (text: String, rule: Rule)
  /// The bytes by which the running kernel finds the segment: its first ones, and no other segment's.
  package let start: String
  /// All words that loaders begin a line with.
  package let markers: [String]
  /// Bytes that the running kernel reads from the loader's buffer.
  package let size: Int
  /// Who finds the segment and copies it.
  package let reader: Rule
  /// The functions that write the other words.
  package let (memoryRule, coreHeaderRule, initrdRule): (Rule, Rule, Rule)
}
