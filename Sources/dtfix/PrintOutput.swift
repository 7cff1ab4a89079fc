// SPDX-License-Identifier: Apache-2.0

/// A text on standard output, with a newline.
func printOutput(_ text: String) throws(Failure) {
  try OutputFile(nil).write(Array((text + "\n").utf8), isSecret: false)
}
