// SPDX-License-Identifier: Apache-2.0

import Loading

/// What a loader hands over, and tells about it before.
protocol Loadable {
  /// The system call that takes it.
  var call: SystemCall { get }
  /// What is loaded, a line for each part.
  var lines: [String] { get }
  /// Loads it.
  func load(forCrash: Bool) throws(CallError)
}

extension String {
  /// With blanks up to a width, one at least.
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(1, width - count))
  }
}
