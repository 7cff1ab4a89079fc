// SPDX-License-Identifier: Apache-2.0

import Kexec
import RunningKernel
import SystemPackage
import TestSupport
import Testing

@Suite struct `A capture that is not complete` {
  @Test func `has no facts that nothing tells`() throws {
    let folder = try TemporaryFolder()
    let machine = RunningKernel(root: FilePath(folder.path))

    #expect(try machine.pageSize() == nil)
    #expect(try machine.architectureName() == nil)
    #expect(try machine.memoryMap() == nil)
  }

  @Test func `lacks its tree, and says what that means`() throws {
    let folder = try TemporaryFolder()
    let machine = RunningKernel(root: FilePath(folder.path))

    let tree = FilePath(folder / "sys/firmware/fdt")
    #expect(throws: MachineError.missing(tree, advice: .noTreeAtBoot)) { try machine.flatTree() }
  }

  @Test func `lacks its command line`() throws {
    let folder = try TemporaryFolder()
    let machine = RunningKernel(root: FilePath(folder.path))

    #expect(throws: MachineError.missing(FilePath(folder / "proc/cmdline"), advice: nil)) {
      try machine.commandLine()
    }
  }

  @Test func `hides its memory map`() throws {
    let text = "00000000-00000000 : System RAM\n  00000000-00000000 : reserved\n"
    let folder = try machineFolder(["proc/iomem": Array(text.utf8)])

    let map = try #require(try RunningKernel(root: FilePath(folder.path)).memoryMap())

    #expect(map.isHidden && !map.isEmpty)
    #expect(map.entries.map(\.name) == ["System RAM", "reserved"])
    #expect(map.systemRAM == [] && map.reserved == [])
  }

  @Test func `has nothing in its memory map`() throws {
    let folder = try machineFolder(["proc/iomem": []])

    let map = try #require(try RunningKernel(root: FilePath(folder.path)).memoryMap())

    #expect(map.isEmpty && !map.isHidden)
  }

  @Test func `has a bad memory map, and says where`() throws {
    let folder = try machineFolder(["proc/iomem": Array("0-1 : fine\nSystem RAM\n".utf8)])
    let path = FilePath(folder / "proc/iomem")

    #expect(throws: MachineError.malformedLine(path, line: 2, text: "System RAM")) {
      try RunningKernel(root: FilePath(folder.path)).memoryMap()
    }
  }
  /// A million lines of sixty bytes have 60 MB.
  @Test(arguments: [64 << 20, 64 << 20 + 1])
  func `has a memory map of 64 MiB at most`(size: Int) throws {
    let folder = try machineFolder(["proc/iomem": Array("no line\n".utf8)])
    let path = FilePath(folder / "proc/iomem")
    try run("truncate", ["-s", "\(size)", path.string])

    let error = #expect(throws: MachineError.self) {
      try RunningKernel(root: FilePath(folder.path)).memoryMap()
    }

    let badLine = MachineError.malformedLine(path, line: 1, text: "no line")
    #expect(error == (size > 64 << 20 ? .tooLarge(path, limit: 64 << 20) : badLine))
  }
}
