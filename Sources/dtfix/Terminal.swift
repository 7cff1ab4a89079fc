// SPDX-License-Identifier: Apache-2.0

import Glibc
import MemoryPicture

extension MemoryPicture.TextStyle {
  /// What standard output can show, by the terminal and the environment.
  ///
  /// Colours are for terminals alone, and for those who have not set `NO_COLOR` (no-color.org).
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
