// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import PhysicalMemory
import TestSupport
import Testing

private let address = "[02 00 00 12 34 56]"

@Suite struct `Merging network addresses` {
  @Test(arguments: ["", "local-mac-address = [00 00 00 00 00 00];", "local-mac-address;"])
  func `takes one for the node of the same path`(placeholder: String) throws {
    let board = try tree("bus { ethernet@1 { reg = <1 1 1 1>; \(placeholder) }; };")
    let machine = try tree(
      "bus { ethernet@1 { local-mac-address = \(address); mac-address = [02 00 00 00 00 07]; }; };")

    let merge = try merge(board, machine)

    #expect(
      try fdtget(merge.tree, "/bus/ethernet@1", "local-mac-address", as: "bx") == "2 0 0 12 34 56")
    #expect(try fdtget(merge.tree, "/bus/ethernet@1", "mac-address", as: "bx") == "2 0 0 0 0 7")
    #expect(try fdtget(merge.tree, "/bus/ethernet@1", "reg") == "1 1 1 1")
    #expect("\(merge.changes)".contains("of_net.c:of_get_mac_address"))
  }

  @Test(arguments: ["ethernet0", "ethernet", "ethernet12", "wifi0", "bluetooth0"])
  func `takes one for the node of the same alias`(alias: String) throws {
    let board = try tree("aliases { \(alias) = \"/bus/new@1\"; }; bus { new@1 {}; };")
    let machine = try tree(
      """
      aliases { other = "/old"; \(alias) = "/old"; };
      old { local-mac-address = \(address); local-bd-address = [01 02 03 04 05 06]; };
      """)

    let merge = try merge(board, machine)

    #expect(try fdtget(merge.tree, "/bus/new@1", "local-mac-address", as: "bx") == "2 0 0 12 34 56")
    #expect(try fdtget(merge.tree, "/bus/new@1", "local-bd-address", as: "bx") == "1 2 3 4 5 6")
    #expect("\(merge.changes[0])".contains("from /old, by the alias \(alias)"))
  }

  @Test(arguments: [
    "aliases { serial0 = \"/old\"; };", "aliases { ethernet0 = \"/gone\"; };", "",
    "aliases { ethernet1 = \"/old\"; };",
  ])
  func `reports one that has no place`(aliases: String) throws {
    let board = try tree(
      "aliases { ethernet0 = \"/new\"; ethernet1 = \"/nowhere\"; serial0 = \"/new\"; }; new {};")
    let machine = try tree("\(aliases) old { local-mac-address = \(address); };")

    let merge = try merge(board, machine)

    #expect(merge.tree == board)
    #expect(merge.changes.map(\.action) == [.omitted])
    #expect(
      "\(merge.changes[0])".hasPrefix("omitted /old: local-mac-address [02 00 00 12 34 56]: "))
  }

  @Test(arguments: [
    "[00 00 00 00 00 00]", "[ff ff ff ff ff ff]", "[01 00 5e 00 00 01]", "[02 00 00 12 34]",
    "[02 00 00 12 34 56 78]", "[]",
  ])
  func `passes over what no reader takes for one`(value: String) throws {
    let board = try tree("ethernet {};")

    let merge = try merge(board, tree("ethernet { local-mac-address = \(value); };"))

    #expect(merge.changes == [])
  }

  @Test func `names both when they differ`() throws {
    let board = try tree(
      "aliases { ethernet0 = \"/new\"; }; new { mac-address = [02 00 00 00 00 01]; };")
    let machine = try tree("aliases { ethernet0 = \"/old\"; }; old { mac-address = \(address); };")

    #expect(
      refusal(board, machine) == """
        /new: 'mac-address' is [02 00 00 00 00 01] here and [02 00 00 12 34 56] in MACHINE: /old
        """)
  }
}

@Suite struct `Merging the name of a machine` {
  @Test(arguments: ["", "serial-number = \"\";"])
  func `takes its serial number`(placeholder: String) throws {
    let merge = try merge(tree(placeholder), tree("serial-number = \"10000000abcd\";"))

    #expect(try fdtget(merge.tree, "/", "serial-number", as: "s") == "10000000abcd")
    #expect(merge.told.count == 1)
    #expect("\(merge.changes[0])".hasSuffix("[Devicetree Specification v0.4:3.2]"))
  }

  @Test func `names both serial numbers when they differ`() throws {
    let message = refusal(try tree("serial-number = \"A\";"), try tree("serial-number = \"B\";"))

    #expect(message == "/: 'serial-number' is \"A\" here and \"B\" in MACHINE")
  }

  @Test func `warns of a tree of another board`() throws {
    let merge = try merge(tree("model = \"One\";"), tree("", board: "example,other"))

    let text = try #require(merge.warnings.first?.text)
    #expect(text.contains(#""example,board", "example,soc" (One), the machine is "example,other""#))
  }

  @Test func `refuses to mix ACPI with a tree of hardware`() throws {
    let stub = try source("acpi-stub")

    #expect(refusal(try tree(""), stub).contains("booted with ACPI"))
    #expect(refusal(stub, try tree("")).contains("nothing but /chosen"))
    #expect(try merge(stub, stub).changes == [])
  }

  @Test func `takes no seed, command line, initrd or console`() throws {
    let machine = try tree(
      """
      chosen {
        kaslr-seed = <1 2>; rng-seed = [11 22 33]; bootargs = "quiet"; stdout-path = "/soc";
        linux,initrd-start = <0 0x1000>; linux,initrd-end = <0 0x2000>; linux,elfcorehdr = <0 1 0 1>;
      };
      """)
    let board = try tree("")

    let merge = try merge(board, machine)

    #expect(merge.tree == board)
    #expect(merge.changes == [])
  }
}

@Suite struct `Merging reservations` {
  @Test func `takes the firmware's, and not the last hand-over's`() throws {
    let machine = try tree(
      """
      chosen {
        linux,initrd-start = <0 0x48000000>; linux,initrd-end = <0 0x481f9bb8>;
        linux,elfcorehdr = <0 0x50000000 0 0x1000>; linux,ima-kexec-buffer = <0 0x51000000 0 0x1000>;
      };
      """,
      reservations: """
        /memreserve/ 0x40000000 0x1000; /memreserve/ 0x48000000 0x1fa000;
        /memreserve/ 0x50000000 0x1000; /memreserve/ 0x51000000 0x1000; /memreserve/ 0x60000000 0x2345;
        """)
    let board = try tree("", reservations: "/memreserve/ 0x60000000 0x2345;")

    let merge = try merge(board, machine, MachineSnapshot(pageSize: 4096))

    #expect(
      try reservationLines(merge.tree) == [
        "/memreserve/\t0x0000000040000000 0x0000000000001000;",
        "/memreserve/\t0x0000000060000000 0x0000000000002345;",
      ])
    let omitted = merge.changes.filter { $0.action == .omitted }.map { "\($0)" }
    #expect(omitted.count == 3)
    #expect(omitted.contains { $0.contains("0x48000000-0x481f9fff: was the last initrd's") })
  }

  @Test func `leaves out the running kernel's own tree`() throws {
    var machine = try tree("")
    let own = AddressAndSize(address: 0x4400_0000, size: UInt64(machine.blob.count + 16))
    try machine.addReservation(own)
    machine = try DeviceTree(blob: machine.blob)
    try #require(machine.sourceSize == own.size)
    let known = MachineSnapshot(pageSize: 4096, reserved: [range(0x4400_0000, 0x10000)])

    let (merge, unknown) = (try merge(tree(""), machine, known), try merge(tree(""), machine))

    #expect(merge.changes.map(\.action) == [.omitted])
    #expect(unknown.changes.map(\.action) == [.added])
  }

  @Test func `says when the machine's tree has half an initrd`() throws {
    let machine = try tree("chosen { linux,initrd-start = <0 0x48000000>; };")

    #expect(
      refusal(try tree(""), machine).hasPrefix("MACHINE: /chosen: property 'linux,initrd-end'"))
  }
}
