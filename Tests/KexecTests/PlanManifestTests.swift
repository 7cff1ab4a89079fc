// SPDX-License-Identifier: Apache-2.0

import Kexec
import TestSupport
import Testing

@Suite struct `The manifest of a plan` {
  private static let text = """
    dtfix-plan 1
    arch aarch64
    type crash
    entry 0x6d0406a0
    flags 0x1
    segment kernel 0x6ac00000 0x2010000 kernel.bin
    segment initrd 0x6cc10000 0x42e000 initrd.bin

    """

  @Test func `is read as it is written`() throws {
    #expect(try PlanManifest(text: Self.text).text == Self.text)

    let manifest = PlanManifest(try SmallMachine().plan())
    #expect(try PlanManifest(text: manifest.text) == manifest)
    #expect(manifest.segments.map(\.name) == ["kernel", "initrd", "trampoline", "dtb"])
  }

  @Test(arguments: [
    ("dtfix-plan 1", "dtfix-plan 2", 1), ("arch aarch64\n", "", 2),
    ("arch aarch64", "arch \u{1b}[31m", 2), ("type crash", "type boot", 3),
    ("entry 0x6d0406a0", "entry 6d0406a0", 4), ("entry 0x6d0406a0", "entry 0x", 4),
    ("flags 0x1", "flags 0x1 ", 5), ("flags 0x1", "flags 0x10000000000000000", 5),
    ("kernel.bin", "/etc/shadow", 6), ("kernel.bin", "..", 6), ("kernel.bin", "", 6),
    ("0x2010000", "0xffffffffffffffff", 6), ("0x2010000", "0x0", 6),
    ("segment initrd", "segment kernel", 7), ("segment initrd", "segment  initrd", 7),
    ("initrd.bin\n", "initrd.bin\n\n", 8), ("kernel.bin", "kernel.b\u{1b}n", 6),
    ("flags 0x1\nsegment", "flags 0x1\nsegments", 6),
  ])
  func `is refused for a line that it does not have`(old: String, new: String, line: Int) {
    let text = Self.text.replacing(old, with: new)

    let error = #expect(throws: PlanManifest.BadLine.self) { try PlanManifest(text: text) }

    #expect(error?.number == line)
    #expect(error?.description.contains("\n") == false)
  }

  @Test func `is refused when it is cut short`() {
    for length in 0..<Self.text.utf8.count - 100 {
      let text = String(decoding: Self.text.utf8.prefix(length), as: UTF8.self)
      guard let manifest = try? PlanManifest(text: text) else { continue }
      #expect(manifest.segments.isEmpty)
    }
  }
}
