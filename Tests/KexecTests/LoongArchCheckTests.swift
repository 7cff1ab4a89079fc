// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import PhysicalMemory
import TestSupport
import Testing

@testable import KexecCheck
@testable import KexecFacts
@testable import KexecMerge
@testable import KexecPlan
@testable import KexecRules
@testable import KexecTree

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

  /// Other breaches than those of ``RuleBreach``.
  @Test(
    arguments: [
      LineDamage("has initrd=0x6a200000,0x1388, loaded is one at") {
        $0.move("initrd", to: 0x6b00_0000)
      },
      LineDamage("has initrd=\"1??2\"") { $0.replace("quiet", "initrd=\"1\n\u{7f}2\"") },
      LineDamage("has no initrd=") { $0.replace("initrd=", "initramfs=") },
      LineDamage("loaded is none") { $0.remove("initrd") },
      LineDamage("has elfcorehdr=0x1000@0x6dff0000") { $0.move("elfcorehdr", to: 0x6d00_0000) },
      LineDamage("would destroy the dump") { $0.replace("mem=", "men=") },
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
  mutating func replace(_ text: String, _ other: String) {
    let line = String(decoding: (contents["cmdline.bin"] ?? []).prefix { $0 != 0 }, as: UTF8.self)
    let bytes = Array(line.replacing(text, with: other).utf8)
    contents["cmdline.bin"] = bytes + [UInt8](repeating: 0, count: 4096 - bytes.count)
  }
}
