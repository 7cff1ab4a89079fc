// SPDX-License-Identifier: Apache-2.0

import Kexec
import Loading
import TestSupport
import Testing

@Suite struct `A set of files` {
  @Test func `has everything in the order in which it was added`() throws {
    let set = try set((.initrd, [1]), (.kernel, [2]), (.initrd, [3]), (.overlay, [4]))

    #expect(set.items.map(\.kind) == [.initrd, .kernel, .initrd, .overlay])
    #expect(set.items.map(\.bytes) == [[1], [2], [3], [4]])
  }

  /// The numbers of the C interface.
  @Test func `counts its kinds from 1 to 8`() throws {
    let kinds: [FileSet.Kind] = [
      .kernel, .initrd, .tree, .overlay, .commandLine, .input(.coreHeader), .input(.imaBuffer),
      .extra,
    ]

    let numbered = try (1...8).map { try FileSet.Kind(number: $0) }

    #expect(numbered == kinds)
  }

  @Test(arguments: [0, 9, 1 << 31, UInt32.max])
  func `knows no other kinds`(number: UInt32) {
    expectRefusal(.usage, "a file of kind \(number): kinds are 1 to 8") {
      try FileSet.Kind(number: number)
    }
  }

  @Test(arguments: [
    FileSet.Kind.kernel, .tree, .commandLine, .input(.coreHeader), .input(.imaBuffer),
  ])
  func `takes one of a kind of which there is one`(kind: FileSet.Kind) throws {
    var set = FileSet()
    try set.add(kind, [1], named: "one")

    expectRefusal(.usage, "other: a second \(kind) after one; only one is allowed") {
      try set.add(kind, [2], named: "other")
    }
    #expect(set.items.map(\.name) == ["one"])
  }

  @Test(arguments: [
    FileSet.Kind.kernel, .initrd, .tree, .overlay, .input(.coreHeader), .input(.imaBuffer), .extra,
  ])
  func `takes no empty file`(kind: FileSet.Kind) throws {
    var set = FileSet()

    expectRefusal(.malformedInput, "x: an empty \(kind)") { try set.add(kind, [], named: "x") }
    #expect(set.items.isEmpty)
  }

  @Test(arguments: [
    ("", ""), ("quiet", "quiet"), ("quiet\n", "quiet"), ("quiet\n\n", "quiet\n"), ("\n", ""),
  ])
  func `takes a command line without the newline at its end`(text: String, kept: String) throws {
    let set = try set((.commandLine, Array(text.utf8)))

    #expect(set.items[0].bytes == Array(kept.utf8))
  }

  @Test func `takes no command line with a NUL`() {
    var set = FileSet()

    expectRefusal(.usage, "x: the command line has a NUL byte") {
      try set.add(.commandLine, Array("a\0b".utf8), named: "x")
    }
  }

  @Test func `distinguishes extras by their names`() throws {
    var set = FileSet()
    try set.add(.extra, [1], named: "vendor,one")
    try set.add(.extra, [2], named: "vendor,two")

    expectRefusal(.usage, "vendor,one: two extras have this name") {
      try set.add(.extra, [3], named: "vendor,one")
    }
    expectRefusal(.usage, "needs the name of a property") { try set.add(.extra, [3], named: "") }
    #expect(set.items.count == 2)
  }
}
