// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import PhysicalMemory
import TestSupport
import Testing

@testable import Kexec

@Suite struct `A plan for loongarch64 under check` {
  @Test(arguments: [false, true])
  func `tells what the next kernel will believe`(isForCrash: Bool) throws {
    let check = try loongArchFolder(forCrash: isForCrash).check()

    let view = try #require(check.view)
    #expect(check.findings == [])
    #expect(view.initrd?.size == 5000)
    #expect((view.coreHeader?.start == 0x6dff_0000) == isForCrash)
    #expect(
      view.memory
        == (isForCrash
          ? PhysicalRangeSet([range(0x4800_0000, 16 << 20), range(0x6a00_0000, 64 << 20)]) : nil))
    #expect(!view.lines.contains { $0.contains("seed") })
  }

  @Test(
    arguments: [
      LineDamage("there is no command line") { $0.remove("cmdline") },
      LineDamage("4095 bytes; the kernel copies 4096") {
        $0.contents["cmdline.bin"]?.removeLast()
      },
      LineDamage("no NUL in 4096 bytes") {
        $0.contents["cmdline.bin"] = Array("kexec_file ".utf8) + .init(repeating: 97, count: 4085)
      },
      LineDamage("does not begin with kexec") { $0.replace("kexec_file ", " kexec_file ") },
      LineDamage("may move itself out") { $0.replace("kexec_file", "kexec") },
      LineDamage("has initrd=0x6a200000,0x1388, loaded is one at") {
        $0.move("initrd", to: 0x6b00_0000)
      },
      LineDamage("loaded is one at") { $0.replace("0x1388", "0x1389") },
      LineDamage("has initrd=\"1??2\"") { $0.replace("quiet", "initrd=\"1\n\u{7f}2\"") },
      LineDamage("has no initrd=") { $0.replace("initrd=", "initramfs=") },
      LineDamage("loaded is none") { $0.remove("initrd") },
      LineDamage("has elfcorehdr=0x1000@0x6dff0000") { $0.move("elfcorehdr", to: 0x6d00_0000) },
      LineDamage("has no elfcorehdr=") { $0.replace("elfcorehdr=", "header=") },
      LineDamage("no /proc/vmcore") { $0.remove("elfcorehdr") },
      LineDamage("would destroy the dump") { $0.replace("mem=", "men=") },
      LineDamage("would destroy the dump") { $0.replace("quiet", "mem=1G") },
      LineDamage("lets the crash kernel use 0x0-0x3fffffff") {
        $0.replace("quiet", "mem=1G@0")
      },
      LineDamage("not in memory that the next kernel is told of") {
        $0.replace("mem=0x4000000@0x6a000000", "mem=1M@0x6a000000")
      },
      LineDamage("is not the kernel's, 0x6a001000") { $0.entry = 0x6a00_0000 },
      LineDamage("initrd: begins like the command line") {
        $0.contents["initrd.bin"]?.replaceSubrange(0..<5, with: Array("kexec".utf8))
      },
      LineDamage("where the running kernel goes through kexec") {
        $0.move("initrd", to: 0x10_0000)
      },
      LineDamage("takes no tree") {
        $0.segments.append(.init(name: "dtb", range: range(0x6c00_0000, 0x1_0000), file: "dtb.bin"))
      },
    ])
  func `is found to be damaged`(damage: Alteration<LoadFolder>) throws {
    var folder = try loongArchFolder(forCrash: true)
    damage.make(&folder)

    let findings = folder.check().findings.map(\.description)

    #expect(findings.contains { $0.contains(damage.text) }, "\(findings)")
  }

  @Test func `of any bytes ends`() throws {
    var random = SplitMix64(seed: 5)
    let good = try loongArchFolder(forCrash: true)
    for _ in 0..<300 {
      var folder = good
      for _ in 0..<8 {
        folder.contents["cmdline.bin"]?[.random(in: 0..<120, using: &random)] =
          .random(in: 0...255, using: &random)
      }
      _ = folder.check().view?.lines
    }
  }
}

/// What spoils a plan with a command line.
private typealias LineDamage = Alteration<LoadFolder>

private func loongArchFolder(forCrash: Bool) throws -> LoadFolder {
  let machine = loongArch(forCrash: forCrash)
  return LoadFolder(of: try machine.plan(), on: machine.facts)
}

extension LoadFolder {
  /// Changes the command line, and leaves it 4096 bytes.
  fileprivate mutating func replace(_ text: String, _ other: String) {
    let line = String(decoding: (contents["cmdline.bin"] ?? []).prefix { $0 != 0 }, as: UTF8.self)
    let bytes = Array(line.replacing(text, with: other).utf8)
    contents["cmdline.bin"] = bytes + [UInt8](repeating: 0, count: 4096 - bytes.count)
  }
}
