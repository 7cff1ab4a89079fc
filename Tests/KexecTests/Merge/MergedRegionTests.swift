// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import PhysicalMemory
import TestSupport
import Testing

private func regions(_ body: String, address: Int = 2, size: Int = 2) -> String {
  """
  reserved-memory {
    #address-cells = <\(address)>; #size-cells = <\(size)>; ranges;
    \(body)
  };
  """
}

private let firmware = "fw: firmware@80000000 { reg = <0 0x80000000 0 0x10000>; no-map; };"

@Suite struct `Merging reserved memory` {
  @Test func `takes a region without its phandle, and makes the parent by the root's cells`() throws
  {
    let machine = try tree("\(regions(firmware)) user { memory-region = <&fw>; };")

    let merge = try merge(tree("other: other { phandle = <1>; };"), machine)

    #expect(try fdtget(machine, "/reserved-memory/firmware@80000000", "phandle") == "1")
    #expect(try fdtget(merge.tree, "/reserved-memory/firmware@80000000", "phandle") == nil)
    #expect(
      try fdtget(merge.tree, "/reserved-memory/firmware@80000000", "reg") == "0 80000000 0 10000")
    #expect(try fdtget(merge.tree, "/reserved-memory/firmware@80000000", "no-map") == "")
    #expect(try fdtget(merge.tree, "/reserved-memory", "#address-cells") == "2")
    #expect(try fdtget(merge.tree, "/reserved-memory", "#size-cells") == "2")
    #expect(try fdtget(merge.tree, "/reserved-memory", "ranges") == "")
    #expect(
      merge.told == ["added /reserved-memory", "added /reserved-memory/firmware@80000000"])
    #expect("\(merge.changes[1])".contains("0x80000000-0x8000ffff: the machine keeps this memory"))
  }

  @Test func `changes nothing when both have it, whatever the phandles`() throws {
    let lock = "hwlocks = <&lock 3>;"
    let board = try tree(
      """
      lock: lock { #hwlock-cells = <1>; phandle = <9>; }; user { memory-region = <&fw>; };
      \(regions("fw: smem@80000000 { reg = <0 0x80000000 0 0x10000>; \(lock) };"))
      """)
    let machine = try tree(
      """
      before: before { phandle = <1>; }; lock: lock { #hwlock-cells = <1>; };
      \(regions("smem@80000000 { \(lock) reg = <0 0x80000000 0 0x10000>; status = \"okay\"; };"))
      """)

    let merge = try merge(board, machine)

    #expect(try fdtget(board, "/lock", "phandle") != fdtget(machine, "/lock", "phandle"))
    #expect(merge.changes == [])
    #expect(merge.tree == board)
  }

  struct Contradiction: Sendable, CustomStringConvertible {
    let board, machine, message: String
    var description: String { message }
  }

  @Test(arguments: [
    Contradiction(
      board: "a@80000000 { reg = <0 0x80000000 0 0x1000>; };",
      machine: "a@80000000 { reg = <0 0x80000000 0 0x2000>; };",
      message:
        "/a@80000000: 'reg' is 0x80000000-0x80000fff here and 0x80000000-0x80001fff in MACHINE"),
    Contradiction(
      board: "a@80000000 { reg = <0 0x80000000 0 0x1000>; };",
      machine: "a@80000000 { reg = <0 0x80000000 0 0x1000>; no-map; };",
      message: "/a@80000000: 'no-map' is missing here and there in MACHINE"),
    Contradiction(
      board: "a@80000000 { reg = <0 0x80000000 0 0x1000>; status = \"disabled\"; };",
      machine: "a@80000000 { reg = <0 0x80000000 0 0x1000>; };",
      message: "/a@80000000: 'status' is \"disabled\" here and missing in MACHINE"),
    Contradiction(
      board: "pool { size = <0 0x400000>; };", machine: "pool { size = <0 0x800000>; };",
      message: "/pool: 'size' is <0x0 0x400000> here and <0x0 0x800000> in MACHINE"),
    Contradiction(
      board: "a@80000000 { reg = <0 0x80000000 0 0x3000>; };",
      machine: "b@80002000 { reg = <0 0x80002000 0 0x2000>; };",
      message: """
        /a@80000000: is 0x80000000-0x80002fff here and 0x80002000-0x80003fff in MACHINE: \
        /reserved-memory/b@80002000
        """),
    Contradiction(
      board: "a@80000000 { reg = <0 0x80000000 0 0x1000>; no-map; };",
      machine: "b@80000000 { reg = <0 0x80000000 0 0x1000>; };",
      message: """
        /a@80000000: 'no-map' is there here and missing in MACHINE: /reserved-memory/b@80000000
        """),
    Contradiction(
      board: "a { size = <0 0x1000>; linux,cma-default; reusable; };",
      machine: "b { size = <0 0x2000>; linux,cma-default; reusable; };",
      message: "/a: 'linux,cma-default' is there here and there in MACHINE: /reserved-memory/b"),
    Contradiction(
      board:
        "a@80000000 { reg = <0 0x80000000 0 0>; }; b@80000000 { reg = <0 0x80000000 0 0x1000>; };",
      machine: "a@80000000 { reg = <0 0x80000000 0 0x800>; };",
      message: """
        /b@80000000: is 0x80000000-0x80000fff here and 0x80000000-0x800007ff in MACHINE: \
        /reserved-memory/a@80000000
        """),
  ])
  func `names both when they disagree`(of contradiction: Contradiction) throws {
    let board = try tree(regions(contradiction.board))
    let machine = try tree(regions(contradiction.machine))

    #expect(refusal(board, machine) == "/reserved-memory" + contradiction.message)
  }

  @Test func `leaves out a region that the board's tree has under another name`() throws {
    let board = try tree(regions("a@80000000 { reg = <0 0x80000000 0 0x10000>; no-map; };"))

    let merge = try merge(board, tree(regions(firmware)))

    #expect(merge.tree == board)
    #expect(merge.changes.map(\.action) == [.kept])
    #expect("\(merge.changes[0])".contains("as /reserved-memory/firmware@80000000 of the machine"))
  }

  @Test func `takes a neighbour, to the byte`() throws {
    let board = try tree(
      regions(
        """
        a@7fff0000 { reg = <0 0x7fff0000 0 0x10000>; }; b@80010000 { reg = <0 0x80010000 0 0x1000>; };
        c@80000000 { reg = <0 0x80000000 0 0x10000>; status = "disabled"; };
        """))

    let merge = try merge(board, tree(regions(firmware)))

    #expect(merge.told == ["added /reserved-memory/firmware@80000000"])
    #expect(try children(merge.tree, of: "/reserved-memory").count == 4)
  }

  /// As on a Raspberry Pi 4: its firmware writes address and status to this very node.
  @Test func `fills in what the board's tree leaves to firmware`() throws {
    let node = "compatible = \"raspberrypi,bootloader-config\"; no-map;"
    let board = try tree(
      "\(regions("c: nvram@0 { \(node) reg = <0 0 0 0>; status = \"disabled\"; };")) user { x = <&c>; };"
    )
    let machine = try tree(
      regions("nvram@0 { \(node) reg = <0 0x3ef64700 0 0xfa>; status = \"okay\"; };"))

    let merge = try merge(board, machine)

    #expect(try fdtget(merge.tree, "/reserved-memory/nvram@0", "reg") == "0 3ef64700 0 fa")
    #expect(try fdtget(merge.tree, "/reserved-memory/nvram@0", "status", as: "s") == "okay")
    #expect(try fdtget(merge.tree, "/reserved-memory/nvram@0", "phandle") == "1")
    #expect(
      merge.told == [
        "replaced /reserved-memory/nvram@0: reg", "replaced /reserved-memory/nvram@0: status",
      ])
  }

  @Test func `leaves out what the machine's kernel does not use`() throws {
    let machine = try tree(
      regions(
        """
        off@80000000 { reg = <0 0x80000000 0 0x1000>; status = "disabled"; };
        unfilled@0 { reg = <0 0 0 0>; };
        odd@1 { reg = <0 1 0>; };
        """))

    let merge = try merge(tree(""), machine)

    #expect(merge.changes == [])
  }

  @Test func `warns of a parent that the machine's kernel ignored`() throws {
    let machine = try tree(regions("a@1000 { reg = <0x1000 0x1000>; };", address: 1, size: 1))

    let merge = try merge(tree(""), machine)

    #expect(merge.changes == [])
    #expect(merge.warnings.contains { $0.place == "/reserved-memory" })
  }

  @Test func `refuses a parent of the board's that the next kernel would ignore`() throws {
    let board = try tree(regions("", address: 1, size: 1))

    #expect(throws: KexecError.tree(DeviceTreeError(.badCells, node: "/reserved-memory"))) {
      try merge(board, tree(regions(firmware)))
    }
  }

  @Test func `refuses a region that refers to nodes of the machine's tree`() throws {
    let machine = try tree(
      "\(regions("a@80000000 { reg = <0 0x80000000 0 0x1000>; iommu-addresses = <&d 0 1 0 1>; };")) d: d {};"
    )

    let message = refusal(try tree(""), machine)

    #expect(message.hasPrefix("MACHINE: /reserved-memory/a@80000000: 'iommu-addresses' refers to"))
  }

  @Test func `writes every number in the board's cells`() throws {
    let board = try tree("", address: 2, size: 1)
    let machine = try tree(
      regions(
        """
        pool { size = <0 0x400000>; alignment = <0 0x2000>; alloc-ranges = <0 0 0 0x40000000>; };
        a@80000000 { reg = <0 0x80000000 0 0x1000>; };
        """))

    let merge = try merge(board, machine)

    #expect(try fdtget(merge.tree, "/reserved-memory", "#size-cells") == "1")
    #expect(try fdtget(merge.tree, "/reserved-memory/pool", "size") == "400000")
    #expect(try fdtget(merge.tree, "/reserved-memory/pool", "alignment") == "0 2000")
    #expect(try fdtget(merge.tree, "/reserved-memory/pool", "alloc-ranges") == "0 0 40000000")
    #expect(try fdtget(merge.tree, "/reserved-memory/a@80000000", "reg") == "0 80000000 1000")
    #expect("\(merge.changes[1])".contains("0x400000 bytes anywhere"))
    #expect(try TreeMerge(of: merge.tree, with: MachineTree(machine, name: "M")).changes == [])
  }

  @Test func `refuses a number that does not fit the board's cells`() throws {
    let machine = try tree(regions("pool { size = <1 0>; };"))

    let message = refusal(try tree("", address: 2, size: 1), machine)

    #expect(message.hasPrefix("MACHINE: /reserved-memory/pool: 'size': 0x100000000 does not fit"))
  }

  @Test func `refuses a region of more properties than any has`() throws {
    let properties = (0..<101).map { "p\($0);" }.joined()
    let machine = try tree(regions("a@80000000 { reg = <0 0x80000000 0 1>; \(properties) };"))

    #expect(refusal(try tree(""), machine).contains("102 properties are more than any memory has"))
  }
}
