// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory
import TestSupport
import Testing

@testable import KexecCheck
@testable import KexecFacts
@testable import KexecMerge
@testable import KexecPlan
@testable import KexecRules
@testable import KexecTree

@Suite struct `A command line of loongarch64 used again` {
  /// What `machine_kexec_file.c` and kexec-tools put in; `initrd=` may be the boot loader's, too.
  @Test(arguments: [
    (false, "kexec_file initrd=0x1,0x2 a", "a"), (false, "kexec initrd=0x1,0x2 a", "a"),
    (false, "a crashkernel=1G", "a crashkernel=1G"), (true, "kexec a crashkernel=1G", "a"),
    (
      false, "kexec_file mem=0x4000000@0x6a000000 mem=16M@1G elfcorehdr=0x1000@0x6dff0000 a mem=4G",
      "a mem=4G"
    ),
    // Nobody's hand-over has put this cap in.
    (false, "mem=1G@0 a", "mem=1G@0 a"), (true, "mem=1G@0 mem=4G a", "a"),
    (false, "a -- kexec initrd=1,2", "a -- kexec initrd=1,2"),
    (false, "kexecute noinitrd=1 rd.initrd=2", "kexecute noinitrd=1 rd.initrd=2"),
  ])
  func `loses all words of the last hand-over`(isForCrash: Bool, text: String, rest: String) {
    let line = KernelCommandLine(
      reusing: Array(text.utf8), for: isForCrash ? .crash : .kexec, on: .loongarch64)

    #expect(String(decoding: line.bytes, as: UTF8.self) == rest)
    #expect(line.changes.isEmpty == (text == rest))
    #expect(line.changes.allSatisfy { $0.subject == .commandLine && $0.action == .removed })
  }

  /// There, they are words like others.
  @Test func `keeps them on other architectures`() {
    let text = "kexec initrd=0x1,0x2 mem=1G@0 a"

    let line = KernelCommandLine(reusing: Array(text.utf8), on: .arm64)

    #expect(line.bytes == Array(text.utf8))
  }
}

@Suite struct `A range on a command line` {
  /// `lib/cmdline.c:memparse`.
  @Test(
    arguments: [
      ("0x1000@0x6dff0000", 0x6dff_0000, 0x1000), ("4K@1G", 1 << 30, 4096), ("010@8", 8, 8),
      ("0X10@0", 0, 16), ("1e@0", 0, 1 << 60), ("0x1e@0", 0, 30), ("0x1k@0", 0, 1024),
    ] as [(String, UInt64, UInt64)])
  func `is read as the kernel does`(text: String, start: UInt64, size: UInt64) {
    #expect(CommandLineWord.sizeAndStart(ArraySlice(text.utf8)) == range(start, size))
  }

  @Test(arguments: [
    "", "@", "1", "1@", "@1", "1@2@3", "-1@2", "+1@2", "0@1", "08@1", "16e@0",
    "1@0xffffffffffffffff",
    "0x1@ 2", "1kk@0", "0x@1", "99999999999999999999@1",
  ])
  func `is none`(text: String) {
    #expect(CommandLineWord.sizeAndStart(ArraySlice(text.utf8)) == nil)
  }
}
