// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import PhysicalMemory
import TestSupport
import Testing

@Suite struct `A merge` {
  static let machines = [
    "arm64-virt-1g-6.1", "arm64-virt-2g-6.12-kf", "arm64-virt-6.12", "arm64-virt-6.12-kf",
    "arm64-virt-6g-highlow-6.12-kf", "arm64-virt-uefi-acpi-6.12", "arm64-virt-uefi-dt-6.12-kf",
    "riscv64-virt-6.12", "riscv64-virt-7.2-kf", "pseries-6.12", "pseries-7.2-kf",
  ]

  @Test(arguments: machines)
  func `of a machine's tree with itself changes nothing`(name: String) throws {
    let machine = try machineTree(name)

    let merge = try TreeMerge(of: machine.tree, with: machine)

    #expect(merge.tree == machine.tree)
    #expect(merge.changes == [])
    #expect(merge.warnings == [])
  }

  @Test(arguments: Fixtures.sources)
  func `of a tree of ours with itself changes nothing`(name: String) throws {
    let tree = try source(name)

    let merge = try merge(tree, tree)

    #expect(merge.tree == tree)
    #expect(merge.told == [])
    #expect(merge.warnings == [])
  }

  @Test func `of a board's tree with itself changes nothing`() throws {
    for path in try Fixtures.boards() where path.hasSuffix(".dtb") {
      let board = try DeviceTree(blob: contents(of: path))

      let merge = try merge(board, board)

      #expect(merge.tree == board, "\(path)")
      #expect(merge.told == [], "\(path)")
    }
  }

  /// A board that was booted: its firmware filled in what the sources leave open.
  @Test func `of every board's tree with a machine of that board is what firmware made of it`()
    throws
  {
    for path in try Fixtures.boards() where path.hasSuffix(".dtb") {
      let board = try DeviceTree(blob: contents(of: path))
      let machine = try booted(board)

      let merge = try merge(board.withoutMemory(), machine)

      let differences = merge.tree.compared(with: machine, phandles: .byTarget).differences
      #expect(differences.filter { !$0.isOfChosen } == [], "\(path)")
      #expect(merge.warnings == [], "\(path)")
      let again = try TreeMerge(of: merge.tree, with: MachineTree(machine, name: "M"))
      #expect(again.told == [], "\(path)")
      #expect(again.tree == merge.tree, "\(path)")
    }
  }

  @Test(arguments: ["arm64-virt-6.12-kf", "riscv64-virt-7.2-kf"])
  func `of a board's tree with a captured machine is read by dtc and by the next kernel`(
    name: String
  ) throws {
    let machine = try machineTree(name)
    let isARM = name.hasPrefix("arm64")
    var merged = 0
    for path in try Fixtures.boards()
    where path.hasSuffix(".dtb") && path.contains(isARM ? "/arm64-" : "/riscv64-") {
      let board = try DeviceTree(blob: contents(of: path)).withoutMemory()
      guard let merge = try? TreeMerge(of: board, with: machine) else { continue }
      merged += 1

      var request = KexecRequest(commandLine: "console=ttyS0", seeds: fixedSeeds)
      request.machineTree = machine
      let next = try NextTree(
        from: board, for: isARM ? .arm64 : .riscv64, handover: request, machine: machine.facts)

      #expect(try warnings(merge.tree).subtracting(warnings(board)) == [], "\(path)")
      #expect(Array(next.changes.prefix(merge.changes.count)) == merge.changes, "\(path)")
      #expect(next.mergeWarnings == merge.warnings)
      let (memory, machineMemory) = (
        try TreeMemory(of: DeviceTree(blob: next.blob)), try TreeMemory(of: machine.tree)
      )
      #expect(memory.ram == machineMemory.ram, "\(path)")
      #expect(machineMemory.reserved.subtracting(memory.reserved).isEmpty, "\(path)")
    }
    #expect(merged >= 3)
  }

  @Test func `reports everything that it changes`() throws {
    let machine = try machineTree("riscv64-virt-7.2-kf")
    let board = try riscvBoard()

    let merge = try TreeMerge(of: board, with: machine)

    let told = Set(merge.told)
    for difference in board.compared(with: merge.tree).differences {
      switch difference {
      case .node(let path, .second): #expect(told.contains("added \(path)"))
      case .node(let path, .first): #expect(told.contains("removed \(path)"))
      case .reservation: #expect(told.contains("added reservation"))
      case .property(let name, let node, _, _):
        #expect(told.contains { $0.hasSuffix(" \(node): \(name)") })
      case .bootCPU: Issue.record("the boot CPU is the board's")
      }
    }
    #expect(merge.changes.allSatisfy { !$0.reason.isEmpty && $0.rule != .caller })
  }

  @Test func `keeps what is known of the file`() throws {
    var board = try riscvBoard()
    board.bootCPU = 5

    let merge = try TreeMerge(of: board, with: machineTree("riscv64-virt-7.2-kf"))

    #expect(merge.told != [])
    #expect(merge.tree.bootCPU == 5)
    #expect(merge.tree.sourceSize == board.sourceSize)
  }

  /// Firmware's work on a board's tree: memory, a reservation, a region, addresses, a serial number.
  private func booted(_ board: DeviceTree) throws -> DeviceTree {
    var root = try board.withoutMemory().root
    let cells = try board.cellCounts(of: "/")
    let memory = try #require(
      PropertyValue(AddressAndSize(address: 0x4000_0000, size: 0x2000_0000), cells: cells))
    root.children.append(
      Node(
        "memory@40000000",
        properties: [Property("device_type", .string("memory")), Property("reg", memory)]))
    root.properties.append(Property("serial-number", .string("0123")))
    root.forEachNode { node in
      for index in node.properties.indices
      where node.properties[index].name.hasSuffix("mac-address")
        && node.properties[index].value.bytes == [0, 0, 0, 0, 0, 0]
      {
        node.properties[index].value = PropertyValue(bytes: [2, 0, 0, 0, 0, 9])
      }
    }
    let region = try #require(
      PropertyValue(AddressAndSize(address: 0x5000_0000, size: 0x1000), cells: cells))
    if let index = root.children.firstIndex(where: { $0.name == "reserved-memory" }) {
      root.children[index].children.append(
        Node(
          "firmware@50000000", properties: [Property("reg", region), Property("no-map", .empty)]))
    }
    return try DeviceTree(
      root: root,
      reservations: board.reservations + [AddressAndSize(address: 0x4000_0000, size: 0x1234)])
  }

  /// The Milk-V Pioneer: its sources leave memory to the boot loader.
  private func riscvBoard() throws -> DeviceTree {
    let path = try #require(try Fixtures.boards().first { $0.hasSuffix("milkv-pioneer.dtb") })
    return try DeviceTree(blob: contents(of: path))
  }

  /// What dtc minds, without the places, which move, and without what another board than the machine's
  /// has where the machine has memory.
  private func warnings(_ tree: DeviceTree) throws -> Set<String> {
    let result = try run("dtc", ["-I", "dtb", "-O", "dtb", "-o", "/dev/null"], input: tree.blob)
    #expect(result.status == 0)
    return Set(
      result.errors.split(separator: "\n").filter { !$0.contains("(unique_unit_address)") }
        .compactMap { line in
          line.split(separator: ": ", maxSplits: 1).last.map(String.init)
        })
  }
}

@Suite struct `Ten thousand regions on each side` {
  @Test func `are merged in linear time`() throws {
    let growth = try Growth(from: merging(2_500), to: merging(10_000))

    #expect(growth.isLinear)
    #expect(growth.seconds < 5)
  }

  /// The merge of two such trees.
  private func merging(_ count: Int) throws -> () throws -> Void {
    let board = try regions(count, named: "a", from: 0x1_0000_0000)
    let machine = try regions(count, named: "b", from: 0x1_0000_0800)
    return {
      let merge = try merge(board, machine)
      #expect(merge.told.count == count + min(count, 4096))
    }
  }

  /// Regions and nodes with addresses, in a different order on each side.
  private func regions(_ count: Int, named name: String, from start: UInt64) throws -> DeviceTree {
    let two = PropertyValue.u32(2)
    let cells = [Property("#address-cells", two), Property("#size-cells", two)]
    let regions = (0..<count).map { index in
      let place = name == "a" ? index : count - 1 - index
      let address = start + UInt64(place) * 0x1000
      return Node(
        "\(name)@\(String(address, radix: 16))",
        properties: [
          Property(
            "reg", .cells([UInt32(address >> 32), UInt32(truncatingIfNeeded: address), 0, 0x800]))
        ])
    }
    let address = PropertyValue(bytes: name == "a" ? [0, 0, 0, 0, 0, 0] : [2, 0, 0, 0, 0, 1])
    let portCount = min(count, 4096)
    let ports = (0..<portCount).map { index in
      Node(
        "port@\(name == "a" ? index : portCount - 1 - index)",
        properties: [Property("local-mac-address", address)])
    }
    let reserved = Node(
      "reserved-memory", properties: cells + [Property("ranges", .empty)], children: regions)
    return try DeviceTree(
      root: Node("", properties: cells, children: [reserved, Node("switch", children: ports)]))
  }
}

extension DeviceTree {
  /// The tree as board's sources have it that leave memory to the boot loader.
  fileprivate func withoutMemory() throws -> DeviceTree {
    var root = root
    root.children.removeAll { $0["device_type"]?.string == "memory" }
    return try DeviceTree(root: root, reservations: reservations)
  }
}

extension TreeComparison.Difference {
  fileprivate var isOfChosen: Bool {
    guard case .property(_, "/chosen", _, _) = self else { return false }
    return true
  }
}

extension Node {
  fileprivate mutating func forEachNode(_ body: (inout Node) -> Void) {
    body(&self)
    for index in children.indices { children[index].forEachNode(body) }
  }
}
