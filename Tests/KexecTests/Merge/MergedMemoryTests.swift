// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import PhysicalMemory
import TestSupport
import Testing

private let twoGigabytes =
  "memory@80000000 { device_type = \"memory\"; reg = <0 0x80000000 0 0x80000000>; };"
private let uefi = """
  chosen {
    linux,uefi-system-table = <0 0xbffd0018>; linux,uefi-mmap-start = <0 0xbbfce9c0>;
    linux,uefi-mmap-size = <0x630>; linux,uefi-mmap-desc-size = <0x30>;
    linux,uefi-mmap-desc-ver = <1>; linux,uefi-secure-boot = <2>;
  };
  """

@Suite struct `Merging memory` {
  @Test func `fills in what the board's tree leaves to the boot loader`() throws {
    let board = try tree("memory@80000000 { device_type = \"memory\"; reg = <0 0x80000000 0 0>; };")
    let machine = try tree(
      """
      memory@80000000 {
        device_type = "memory"; reg = <0 0x80000000 0 0x40000000 0 0xc0000000 0 0x20000000>;
        numa-node-id = <1>; linux,usable-memory = <0 0x80000000 0 0x1000>; phandle = <7>;
      };
      """)

    let merge = try merge(board, machine)

    let node = "/memory@80000000"
    #expect(try fdtget(merge.tree, node, "reg") == "0 80000000 0 40000000 0 c0000000 0 20000000")
    #expect(try fdtget(merge.tree, node, "numa-node-id") == "1")
    #expect(try fdtget(merge.tree, node, "linux,usable-memory") == nil)
    #expect(try fdtget(merge.tree, node, "phandle") == nil)
    #expect(merge.told == ["added \(node): numa-node-id", "replaced \(node): reg"])
  }

  @Test(arguments: ["", "memory { device_type = \"memory\"; reg = <0 0 0 0>; };"])
  func `takes the machine's nodes where there are none, or only ones without memory`(
    placeholder: String
  ) throws {
    let board = try tree(placeholder)

    let merge = try merge(board, tree(twoGigabytes))

    #expect(try children(merge.tree, of: "/") == ["soc", "memory@80000000"])
    #expect(try fdtget(merge.tree, "/memory@80000000", "reg") == "0 80000000 0 80000000")
    #expect(try fdtget(merge.tree, "/memory@80000000", "device_type", as: "s") == "memory")
    #expect("\(merge.changes[0])".contains("added /memory@80000000 0x80000000-0xffffffff: "))
  }

  @Test func `leaves a node without memory that something may refer to`() throws {
    let board = try tree("memory { device_type = \"memory\"; reg = <0 0 0 0>; phandle = <3>; };")

    let merge = try merge(board, tree(twoGigabytes))

    #expect(Set(try children(merge.tree, of: "/")) == ["soc", "memory", "memory@80000000"])
    #expect(merge.changes.contains { $0.action == .kept && $0.subject == .node("/memory") })
  }

  @Test func `changes nothing when both describe the same, in other ranges`() throws {
    let board = try tree(twoGigabytes)
    let machine = try tree(
      """
      memory@c0000000 { device_type = "memory"; reg = <0 0xc0000000 0 0x40000000>; };
      memory@80000000 { device_type = "memory"; reg = <0 0x80000000 0 0x40000000>; };
      """)

    let merge = try merge(board, machine)

    #expect(merge.changes == [])
    #expect(merge.tree == board)
  }

  @Test func `names both when they differ`() throws {
    let machine = try tree(
      "memory@0 { device_type = \"memory\"; reg = <0 0 0 0x1000 1 0 0 0x2000>; };")

    let message = refusal(try tree(twoGigabytes), machine)

    #expect(
      message == """
        /memory@80000000: 'reg' is 0x80000000-0xffffffff here and 0x0-0xfff, 0x100000000-0x100001fff in \
        MACHINE: /memory@0
        """)
  }

  @Test func `is no matter on a machine whose memory UEFI tells`() throws {
    let machine = try tree("memory@0 { device_type = \"memory\"; reg = <0 0 0 0x1000>; }; \(uefi)")

    let merge = try merge(tree(twoGigabytes), machine)

    #expect(try fdtget(merge.tree, "/memory@80000000", "reg") == "0 80000000 0 80000000")
    #expect(merge.changes.first?.action == .kept)
    #expect(merge.changes.first.map { "\($0)".contains("[efi-init.c:efi_init]") } == true)
  }

  @Test func `goes by the type of a node, and by its status`() throws {
    let board = try tree(
      """
      memory@80000000 { device_type = "memory"; reg = <0 0x80000000 0 1>; status = "disabled"; };
      memory@90000000 { device_type = "rom"; reg = <0 0x90000000 0 1>; };
      """)
    let machine = try tree("ram { device_type = \"memory\"; reg = <0 0x80000000 0 0x1000>; };")

    let merge = try merge(board, machine)

    #expect(merge.told == ["added /ram"])
  }

  @Test func `contradicts a node of the same name that is something else`() throws {
    let board = try tree("memory@80000000 { device_type = \"rom\"; };")

    let message = refusal(board, try tree(twoGigabytes))

    #expect(message == "/memory@80000000: 'device_type' is \"rom\" here and \"memory\" in MACHINE")
  }

  @Test(arguments: [
    (1, 1, "80000000 40000000"), (2, 1, "0 80000000 40000000"), (1, 2, "80000000 0 40000000"),
  ])
  func `is written in the board's cells`(address: Int, size: Int, reg: String) throws {
    let board = try tree("", address: address, size: size)
    let machine = try tree(
      "memory@80000000 { device_type = \"memory\"; reg = <0 0x80000000 0 0x40000000>; };")

    let merge = try merge(board, machine)

    #expect(try fdtget(merge.tree, "/memory@80000000", "reg") == reg)
  }

  @Test func `is refused when the board's cells are too small`() throws {
    let machine = try tree(
      "memory@80000000 { device_type = \"memory\"; reg = <0 0x80000000 1 0>; };")

    let message = refusal(try tree("", address: 2, size: 1), machine)

    #expect(
      message.hasPrefix("MACHINE: /memory@80000000: 'reg': 0x80000000-0x17fffffff does not fit"))
  }

  @Test func `is refused when a hypervisor lists it in blocks`() throws {
    let machine = try tree("ibm,dynamic-reconfiguration-memory { ibm,lmb-size = <0 1>; };")

    #expect(
      refusal(try tree(""), machine).hasPrefix("MACHINE: /ibm,dynamic-reconfiguration-memory"))
  }

  @Test func `that no file describes is a warning`() throws {
    let merge = try merge(tree(""), tree("memory { device_type = \"memory\"; reg = <0 0 0 0>; };"))

    #expect(merge.warnings.map(\.text) == ["neither this tree nor MACHINE describes memory"])
  }

  @Test func `that the board's tree tells wrong is said to be the board's`() throws {
    let board = try tree("memory@0 { device_type = \"memory\"; reg = <0 0 0>; };")

    #expect(throws: KexecError.tree(DeviceTreeError(.badValue, node: "/memory@0", property: "reg")))
    {
      try merge(board, tree(twoGigabytes))
    }
  }
}

@Suite struct `Merging what UEFI left` {
  @Test func `takes all six`() throws {
    let merge = try merge(tree("chosen { stdout-path = \"/soc\"; };"), tree(uefi))

    #expect(try fdtget(merge.tree, "/chosen", "linux,uefi-system-table") == "0 bffd0018")
    #expect(try fdtget(merge.tree, "/chosen", "linux,uefi-secure-boot") == "2")
    #expect(try fdtget(merge.tree, "/chosen", "stdout-path", as: "s") == "/soc")
    #expect(merge.told.count == 6)
    #expect(merge.told.allSatisfy { $0.hasPrefix("added /chosen: linux,uefi-") })
  }

  @Test func `makes /chosen where there is none, and uses /chosen@0 where that is`() throws {
    let made = try merge(tree(""), tree(uefi))
    let used = try merge(tree("chosen@0 { };"), tree(uefi))

    #expect(made.told.first == "added /chosen")
    #expect(made.told.count == 7)
    #expect(try fdtget(used.tree, "/chosen@0", "linux,uefi-mmap-size") == "630")
    #expect(!used.tree.contains("/chosen@0/chosen"))
    #expect(try children(used.tree, of: "/").filter { $0.hasPrefix("chosen") } == ["chosen@0"])
  }

  @Test func `takes nothing when the machine's kernel could not use it`() throws {
    let machine = try tree("chosen { linux,uefi-system-table = <0 1>; };")

    let merge = try merge(tree("chosen { };"), machine)

    #expect(merge.changes == [])
    #expect(merge.warnings.contains { $0.text.contains("only a part of linux,uefi-*") })
  }

  @Test func `reads a number of one cell and of two as the same`() throws {
    let board = try tree("chosen { linux,uefi-mmap-size = <0 0x630>; };")

    let merge = try merge(board, tree(uefi))

    #expect(merge.told.count == 5)
    #expect(try fdtget(merge.tree, "/chosen", "linux,uefi-mmap-size") == "0 630")
  }

  @Test(arguments: [
    (uefi, "'linux,uefi-system-table' is <0x0 0x1> here and <0x0 0xbffd0018> in MACHINE"),
    ("", "'linux,uefi-system-table' is <0x0 0x1> here and missing in MACHINE"),
  ])
  func `names both when the board's tree differs`(machine: String, message: String) throws {
    let board = try tree("chosen { linux,uefi-system-table = <0 1>; };")

    #expect(refusal(board, try tree(machine)) == "/chosen: " + message)
  }
}
