// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import Glibc
import MemoryPicture
import SystemPackage

extension MemoryPicture.TextStyle {
  /// What standard output can show, by the terminal and the environment.
  ///
  /// Colours are for terminals only, and not where `NO_COLOR` is set (no-color.org).
  static var ofStandardOutput: Self {
    let isTerminal = isatty(STDOUT_FILENO) == 1
    let isPlain = environment("NO_COLOR") != nil || environment("TERM") == "dumb"
    return Self(
      width: terminalWidth ?? environment("COLUMNS").flatMap { Int($0) }.map { min($0, 1000) }
        ?? 80,
      hasColors: isTerminal && !isPlain, hasShades: isUTF8)
  }

  /// Whether the locale's characters are those of Unicode (locale(7)).
  private static var isUTF8: Bool {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(environment)
    let name = names.first?.lowercased() ?? ""
    return name.hasSuffix("utf-8") || name.hasSuffix("utf8")
  }

  /// The columns of standard output; nil when it has none.
  private static var terminalWidth: Int? {
    var size = winsize()
    guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return nil
    }
    return Int(size.ws_col)
  }
}

/// A variable of the environment; nil when it is empty too.
private func environment(_ name: String) -> String? {
  guard let value = unsafe getenv(name) else { return nil }
  let text = unsafe String(cString: value)
  return text.isEmpty ? nil : text
}

/// Progress on a terminal, for what takes more than a second.
final class Progress {
  private let isShown = isatty(STDERR_FILENO) == 1
  private let start = ContinuousClock.now
  private var last = ContinuousClock.now
  private var isOnScreen = false

  /// Shows how many bytes are unpacked.
  func report(_ size: Int) {
    let now = ContinuousClock.now
    guard isShown, now - start > .seconds(1), now - last > .milliseconds(100) else { return }
    (last, isOnScreen) = (now, true)
    write("\runpacking: \(size >> 20) MiB")
  }

  /// Erases the line.
  func end() {
    guard isOnScreen else { return }
    write("\r\u{1b}[K")
  }

  private func write(_ text: String) {
    _ = try? FileDescriptor.standardError.writeAll(Array(text.utf8))
  }
}

/// A text on standard output, with a newline.
func printOutput(_ text: String) throws(Failure) {
  let bytes = Array((text + "\n").utf8)
  try OutputFile(nil).write(bytes.span, isSecret: false)
}

/// A line on standard error, or two; what a file may have put into it does not steer the terminal.
func printError(_ line: String) {
  let lines = line.split(separator: "\n", omittingEmptySubsequences: false).map { $0.visible() }
  _ = try? FileDescriptor.standardError.writeAll(Array((lines.joined(separator: "\n") + "\n").utf8))
}
