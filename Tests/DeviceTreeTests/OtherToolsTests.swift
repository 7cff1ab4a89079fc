// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `An edited board` {
  @Test(arguments: try Fixtures.boards())
  func `is read by dtc, fdtget and fdtdump`(board: String) throws {
    let reservation = AddressAndSize(address: 0x1234_5678_9000, size: 0xabc)
    var tree = try DeviceTree(blob: contents(of: board))
    let nodes = try tree.descendants(of: "/")

    if !tree.contains("/chosen") { try tree.addNode("chosen", to: "/") }
    try tree.setProperty("bootargs", of: "/chosen", to: .string("quiet \"x\""))
    try tree.setProperty("linux,initrd-start", of: "/chosen", to: .u64(0x1_2345_6789))
    try tree.setProperty("rng-seed", of: "/chosen", to: PropertyValue(bytes: Array(1...128)))
    try tree.addNode("buffer@9000", to: "/chosen")
    try tree.addReservation(reservation)
    tree.bootCPU = 0x77

    let source = try Fixtures.sortedSource(tree.blob)
    #expect(source.contains("\tbootargs = \"quiet \\\"x\\\"\";\n"))
    #expect(source.contains("\tlinux,initrd-start = <0x01 0x23456789>;\n"))
    #expect(source.contains("/memreserve/\t0x0000123456789000 0x0000000000000abc;\n"))
    #expect(try fdtget(tree.blob, [], "/chosen", "bootargs") == ["quiet \"x\""])
    #expect(
      try fdtget(tree.blob, ["-t", "u"], "/chosen", "linux,initrd-start") == ["1 591751049"])
    let seed = try fdtget(tree.blob, ["-t", "bu"], "/chosen", "rng-seed")
    #expect(seed == [(1...128).map { "\($0)" }.joined(separator: " ")])
    #expect(try fdtget(tree.blob, ["-l"], "/chosen").first == "buffer@9000")
    let dump = try fdtdump(tree.blob)
    #expect(dump.contains("boot_cpuid_phys:\t0x77\n"))
    #expect(dump.contains("/memreserve/ 0x123456789000 0xabc;\n"))
    #expect(Set(try tree.descendants(of: "/")).isSuperset(of: nodes))
  }

  @Test(arguments: try Fixtures.boards())
  func `loses only what was deleted`(board: String) throws {
    let blob = try contents(of: board)
    var tree = try DeviceTree(blob: blob)
    let children = try tree.children(of: "/")
    let child = try #require(children.max { one, other in one < other })

    try tree.deleteNode("/" + child)

    let expected = try run("fdtput", ["-r", "tree.dtb", "/" + child], on: blob)
    #expect(try Fixtures.sortedSource(tree.blob) == Fixtures.sortedSource(expected))
    #expect(try tree.children(of: "/") == children.filter { $0 != child })
  }

  /// What a program makes of `tree.dtb`.
  private func run(_ program: String, _ arguments: [String], on blob: [UInt8]) throws -> [UInt8] {
    let files = try TemporaryFolder()
    try write(blob, to: files / "tree.dtb")
    let result = try TestSupport.run(program, arguments, in: files.path)
    #expect(result.status == 0, "\(result.errors)")
    return try contents(of: files / "tree.dtb")
  }
}
