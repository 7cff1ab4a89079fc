// SPDX-License-Identifier: Apache-2.0

/// A text on standard output, with a newline.
func printOutput(_ text: String) throws(Failure) {
  let bytes = Array((text + "\n").utf8)
  try OutputFile(nil).write(bytes.span, isSecret: false)
}
