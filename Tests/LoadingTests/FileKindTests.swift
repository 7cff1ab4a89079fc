// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import ELF
import KernelImage
import Loading
import TestSupport
import Testing

@Suite struct `The kind of a file` {
  @Test func `is recognized by its bytes`() throws {
    var core = KernelBuilder.ELF()
    core.type = 4
    let kernel = KernelBuilder.ELF().bytes
    var archive = [UInt8](repeating: 0, count: 512)
    archive.replaceSubrange(257..<262, with: "ustar".utf8)
    let measurement: [UInt8] =
      KernelBuilder.little(10 as UInt32) + [UInt8](repeating: 1, count: 20)
      + KernelBuilder.little(6 as UInt32) + Array("ima-ng".utf8)
      + KernelBuilder.little(0 as UInt32)

    let kinds = [
      DeviceTree().blob, archive, core.bytes, Array(core.bytes.prefix(20)), kernel,
      KernelBuilder.arm64Image(), measurement, Array("text".utf8), [],
    ].map { FileKind(recognizing: $0.span) }

    #expect(
      kinds == [
        .tree, .archive, .coreHeader, .coreHeader, .kernel(.elf), .kernel(.image(.arm64)),
        .measurements, nil, nil,
      ])
  }
}
