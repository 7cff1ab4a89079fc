// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import SystemPackage

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
