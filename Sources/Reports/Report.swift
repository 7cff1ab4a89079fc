// SPDX-License-Identifier: Apache-2.0

package import JSONText

/// Bytes that were made, and how.
package protocol Report {
  /// What is written.
  var bytes: [UInt8] { get }
  /// Whether only its owner may read it.
  var isSecret: Bool { get }
  /// What is printed in any case: the result is not all that it should be.
  var warnings: [String] { get }
  /// The explanation, line by line.
  var lines: [String] { get }
  /// The same for programs.
  var json: JSON { get }
}
