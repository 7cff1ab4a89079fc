// SPDX-License-Identifier: Apache-2.0

import JSONText

/// Bytes that are done, and how they were done.
protocol Explained {
  /// What is written.
  var bytes: [UInt8] { get }
  /// Whether only its owner may read it.
  var isSecret: Bool { get }
  /// What has to be told even when nobody asks: the result is not all that it should be.
  var warnings: [String] { get }
  /// The explanation, line by line.
  var lines: [String] { get }
  /// The same for programs.
  var json: JSON { get }
}
