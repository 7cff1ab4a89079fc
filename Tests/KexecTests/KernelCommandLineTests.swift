// SPDX-License-Identifier: Apache-2.0

import Kexec
import Testing

@Suite struct `A command line` {
  @Test(arguments: ["", "a  b", " leading", "quiet dyndbg=\"file a +p; file b +p\"\n"])
  func `that needs no change keeps every byte`(text: String) {
    let line = KernelCommandLine(reused: text)

    #expect(line.text == text)
    #expect(line.changes.isEmpty)
  }

  @Test func `loses the core header of the last crash kernel, and says so`() {
    let line = KernelCommandLine(
      reused: "elfcorehdr=0x37ff0000 root=/dev/vda1 note=\"elfcorehdr=not this\" quiet")

    #expect(line.text == "root=/dev/vda1 note=\"elfcorehdr=not this\" quiet")
    #expect(line.changes.map(\.action) == [.removed])
  }

  @Test func `written by hand is left alone`() {
    #expect(KernelCommandLine(written: "elfcorehdr=1 ").text == "elfcorehdr=1 ")
  }

  @Test(arguments: [("a", "b", "a b"), ("", "b", "b"), ("a", "", "a")])
  func `grows at its end`(text: String, words: String, result: String) {
    var line = KernelCommandLine(written: text)

    line.append(words)

    #expect(line.text == result)
  }
}
