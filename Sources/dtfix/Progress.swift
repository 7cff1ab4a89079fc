// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

/// A line on the terminal for what takes more than a second; nothing anywhere else.
final class Progress {
  private let isShown = isatty(STDERR_FILENO) == 1
  private let start = ContinuousClock.now
  private var last = ContinuousClock.now
  private var isOnScreen = false

  /// Tells how many bytes are unpacked.
  func report(_ size: Int) {
    let now = ContinuousClock.now
    guard isShown, now - start > .seconds(1), now - last > .milliseconds(100) else { return }
    (last, isOnScreen) = (now, true)
    write("\runpacking: \(size >> 20) MiB")
  }

  /// Takes the line away.
  func end() {
    guard isOnScreen else { return }
    write("\r\u{1b}[K")
  }

  private func write(_ text: String) {
    _ = try? FileDescriptor.standardError.writeAll(Array(text.utf8))
  }
}
