// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `The header` {
  @Test(arguments: [0, 1, 0x10100, 0xffff_ffff] as [UInt32])
  func `says which CPU boots`(cpu: UInt32) throws {
    let blob = try Fixtures.compile(Fixtures.text("board"), "-b", "\(cpu)")

    let tree = try DeviceTree(blob: blob)

    #expect(tree.bootCPU == cpu)
    #expect(tree.blob == blob)
  }

  @Test(arguments: [0, 1, 0x10100, 0xffff_ffff] as [UInt32])
  func `can say another one`(cpu: UInt32) throws {
    var tree = try DeviceTree(blob: Fixtures.compile(Fixtures.text("board"), "-b", "7"))

    tree.bootCPU = cpu

    #expect(tree.bootCPU == cpu)
    #expect(try fdtdump(tree.blob).contains("boot_cpuid_phys:\t0x\(String(cpu, radix: 16))\n"))
    #expect(tree.blob == (try Fixtures.compile(Fixtures.text("board"), "-b", "\(cpu)")))
  }

  @Test func `keeps the CPU through every edit`() throws {
    var tree = try DeviceTree(blob: Fixtures.compile(Fixtures.text("board"), "-b", "7"))

    try tree.setProperty("a", of: "/", to: PropertyValue(bytes: Array(repeating: 1, count: 65536)))
    try tree.deleteNode("/soc")
    try tree.addReservation(AddressAndSize(address: 1, size: 1))

    #expect(tree.bootCPU == 7)
    #expect(try DeviceTree(blob: tree.blob).bootCPU == 7)
  }

  @Test func `is remembered as it was`() throws {
    let source = try Fixtures.text("board")
    let old = try Fixtures.compile(source, "-V", "16", "-p", "1000")
    var tree = try DeviceTree(blob: old + [1, 2, 3])

    try tree.setProperty("a", of: "/", to: PropertyValue(bytes: Array(repeating: 1, count: 65536)))
    try tree.putBack(tree.excerpt(of: "chosen"), of: "chosen")

    #expect(tree.sourceVersion == 16)
    #expect(tree.sourceSize == old.count)
    #expect(tree.trailingByteCount == 3)
  }

  @Test(arguments: Fixtures.machines)
  func `of a machine declares the whole file`(machine: String) throws {
    let file = try Fixtures.tree(ofMachine: machine)

    let tree = try DeviceTree(blob: file)

    #expect(tree.sourceSize == file.count)
    #expect(tree.trailingByteCount == 0)
    #expect(tree.bootCPU == file.word(at: 28))
  }
}
