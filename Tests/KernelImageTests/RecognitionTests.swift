// SPDX-License-Identifier: Apache-2.0

import Compression
import ELF
import KernelImage
import TestSupport
import Testing

@Suite struct `A file` {
  @Test func `is known by its bytes`() {
    let files: [(FileFormat, [UInt8])] = [
      (.image(.arm64), KernelBuilder.arm64Image()), (.image(.riscv), KernelBuilder.riscvImage()),
      (.image(.loongarch), KernelBuilder.loongArchImage()), (.elf, KernelBuilder.ELF().bytes),
      (.zboot, KernelBuilder.zboot("zstd", payload: [1], size: 1)),
      (.unifiedImage, KernelBuilder.program(sections: [(".linux", [1])])),
      (.pe, KernelBuilder.program(sections: [(".text", [1])])), (.bzImage, KernelBuilder.bzImage()),
      (.legacyUImage, [0x27, 5, 0x19, 0x56] + Array(repeating: 0, count: 60)),
      (.compressed(.gzip), [0x1f, 0x8b, 8] + Array(repeating: 0, count: 20)),
      (.compressed(.zstd), [0x28, 0xb5, 0x2f, 0xfd] + Array(repeating: 0, count: 20)),
      (.compressed(.xz), [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0] + Array(repeating: 0, count: 20)),
      (.compressed(.lz4), [4, 0x22, 0x4d, 0x18] + Array(repeating: 0, count: 20)),
      (.compressed(.lz4Legacy), [2, 0x21, 0x4c, 0x18] + Array(repeating: 0, count: 20)),
      (
        .compressed(.lzop),
        [0x89, 0x4c, 0x5a, 0x4f, 0, 0x0d, 0x0a, 0x1a, 0x0a] + Array(repeating: 0, count: 20)
      ),
    ]

    for (format, bytes) in files {
      #expect(FileFormat(recognizing: bytes.span) == format)
      #expect(!format.description.isEmpty)
    }
  }

  /// A LoongArch program with a kernel in a section is no kernel; nor is one for another machine.
  @Test func `is no kernel for its architecture alone`() {
    let unified = KernelBuilder.program(machine: 0x6264, sections: [(".linux", [1])])
    let arm = KernelBuilder.loongArchImage(machine: 0xaa64)

    #expect(FileFormat(recognizing: unified.span) == .unifiedImage)
    #expect(FileFormat(recognizing: arm.span) == .pe)
    #expect(throws: ImageError.self) { try LoongArchImage(arm.span) }
  }

  @Test(arguments: [
    [], [0x4d], [0x4d, 0x5a], Array("#!/bin/sh\n".utf8), Array(repeating: 0, count: 4096),
  ])
  func `may be nothing that is known`(bytes: [UInt8]) {
    #expect(FileFormat(recognizing: bytes.span) == nil)
    #expect(throws: ImageError.self) { try KernelImage(bytes.span) }
    #expect(throws: KernelFileError.self) { try KernelFile(bytes.span) }
  }
}
