// SPDX-License-Identifier: Apache-2.0

import Kexec
import Testing

@Suite struct `A command line used again` {
  @Test(arguments: [
    ("a elfcorehdr=1 -- elfcorehdr=2 b", "a -- elfcorehdr=2 b"),
    (#"a "elfcorehdr=1 2" b"#, "a b"), ("-- elfcorehdr=1", "-- elfcorehdr=1"),
    ("a  b", "a  b"), ("--elfcorehdr=1 elfcorehdr=2", "--elfcorehdr=1"),
  ])
  func `loses what the last hand-over put in, and nothing of init's`(text: String, rest: String) {
    let line = KernelCommandLine(reusing: Array(text.utf8))

    #expect(String(decoding: line.bytes, as: UTF8.self) == rest)
  }
}

@Suite struct `A command line` {
  @Test(arguments: ["", "a  b", " leading", "quiet dyndbg=\"file a +p; file b +p\"\n"])
  func `that needs no change keeps every byte`(text: String) {
    let line = KernelCommandLine(reusing: Array(text.utf8))

    #expect(line.bytes == Array(text.utf8))
    #expect(line.changes.isEmpty)
  }

  @Test func `loses the core header of the last crash kernel, and says so`() {
    let line = KernelCommandLine(
      reusing: Array(
        "elfcorehdr=0x37ff0000 root=/dev/vda1 note=\"elfcorehdr=not this\" quiet".utf8))

    #expect(line.bytes == Array("root=/dev/vda1 note=\"elfcorehdr=not this\" quiet".utf8))
    #expect(line.changes.map(\.action) == [.removed])
  }

  @Test func `written by hand is left alone`() {
    #expect(KernelCommandLine("elfcorehdr=1 ").bytes == Array("elfcorehdr=1 ".utf8))
  }

  @Test(arguments: [("a", "b", "a b"), ("", "b", "b"), ("a", "", "a")])
  func `grows at its end`(text: String, words: String, result: String) {
    var line = KernelCommandLine(text)

    line.append(words)

    #expect(line.bytes == Array(result.utf8))
  }
}
