// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import PhysicalMemory
import Reports
import TestSupport
import Testing

@testable import KexecCheck
@testable import KexecFacts
@testable import KexecMerge
@testable import KexecPlan
@testable import KexecRules
@testable import KexecTree

@Suite struct `Keys of encrypted disks in a tree` {
  static let main = range(0x9000_0000, 0x1000_0000)
  static let keys = range(0x9800_0000, 388 * 2 + 4)

  /// The address of what the last hand-over left is nobody's business, in no form.
  @Test func `of the last hand-over go, and nothing tells where they were`() throws {
    let base = try source("stale-handover")
    let next = try NextTree(
      from: base, for: .arm64, handover: KexecRequest(commandLine: "x", seeds: fixedSeeds))
    let tree = try DeviceTree(blob: next.blob)

    let told = next.changes.map { "\($0) \($0.json)" }.joined(separator: "\n")

    #expect(try tree.chosen("linux,dmcryptkeys") == nil)
    #expect(!tree.reservations.contains(AddressAndSize(address: 0x1_6fbe_0000, size: 0x208)))
    #expect(!told.contains("6fbe0000") && !told.contains("6fbe 0000"))
    #expect(
      next.changes.map(\.description).filter { $0.contains("keys for the last") } == [
        """
        removed /chosen: linux,dmcryptkeys (16 secret bytes): keys for the last crash kernel \
        [fdt.c:early_init_dt_check_for_dmcryptkeys]
        """,
        """
        removed reservation (520 secret bytes): keys for the last crash kernel \
        [fdt.c:early_init_dt_check_for_dmcryptkeys]
        """,
      ])
  }

  @Test func `are not shown as source or JSON`() throws {
    let tree = try source("stale-handover")

    let text = tree.sourceText(hiding: ChosenProperty.secrets)
    let json = "\(tree.json(hiding: ChosenProperty.secrets))"

    #expect(text.contains("linux,dmcryptkeys = [ /* 16 secret bytes */ ]"))
    #expect(json.filter { !$0.isWhitespace }.contains(#""linux,dmcryptkeys":null"#))
  }

  @Test func `are passed to a crash kernel, with the seed that keeps its tree right`() throws {
    let next = try NextTree(
      from: source("qemu-arm64-virt"), for: .arm64, handover: handover(fixedSeeds))
    let tree = try DeviceTree(blob: next.blob)

    #expect(try tree.chosen("linux,dmcryptkeys") == .cells([0, 0x9800_0000, 0, 780]))
    #expect(tree.reservations.contains(Self.keys.tuple))
    #expect(!next.changes.map { "\($0) \($0.json)" }.joined().contains("98000000"))
  }

  @Test(arguments: [Seeds.none, Seeds(kaslr: Array(1...8), rng: [])])
  func `are refused without an rng-seed`(seeds: Seeds) throws {
    let error = #expect(throws: KexecError.self) {
      try patched(source("qemu-arm64-virt"), handover(seeds))
    }

    #expect(error?.description.contains("without an rng-seed") == true)
  }

  @Test(
    arguments: [
      (range(0x8fff_ffff, 100), "not in the crash kernel's main region"),
      (range(0x9fff_0ff0, 100), "overlaps the elfcorehdr"),
    ])
  func `are refused elsewhere, and nothing tells where`(place: PhysicalRange, text: String) throws {
    var handover = handover(fixedSeeds)
    handover[.diskKeys] = .at(place)

    let error = #expect(throws: KexecError.self) {
      try patched(source("qemu-arm64-virt"), handover)
    }

    #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("\(place)") == false)
  }

  @Test func `do not show in messages about what overlaps them`() throws {
    var handover = handover(fixedSeeds)
    handover.inputs.append(.init(.extra("acme,log"), .at(range(0x9800_0300, 0x1000))))

    let error = #expect(throws: KexecError.self) {
      try patched(source("qemu-arm64-virt"), handover)
    }

    #expect(error?.description.contains("overlaps the disk keys") == true)
    #expect(error?.description.contains("98000000") == false)
  }

  @Test func `are refused where one cell cannot say it, and nothing tells where`() throws {
    var handover = handover(fixedSeeds)
    handover.usableMemory = [range(0x1_0000_0000, 0x1000_0000)]
    handover[.coreHeader] = .at(range(0x1_0fff_0000, 0x1000))
    handover[.diskKeys] = .at(range(0x1_0800_0000, 780))

    let error = #expect(throws: KexecError.self) { try patched(source("cells-1-1"), handover) }

    #expect(
      error?.description == """
        the disk keys: its memory does not fit the tree's root cells: addresses of 32 bits, sizes of 32 bits \
        [fdt.c:early_init_dt_scan_root]
        """)
  }

  /// There is one way to hand them over, and this is not it.
  @Test func `cannot be set by hand`() throws {
    let edit = TreeEdit.set("linux,dmcryptkeys", node: "/chosen", .cells([0, 1, 0, 2]))

    #expect(throws: KexecError.editUndone(property: "linux,dmcryptkeys")) {
      try patched(source("qemu-arm64-virt"), edits: [edit])
    }
  }

  private func handover(_ seeds: Seeds) -> KexecRequest {
    var request = KexecRequest(
      commandLine: "x", seeds: seeds,
      crash: Crash(coreHeader: range(0x9fff_0000, 0x1000), usableMemory: [Self.main]))
    request[.diskKeys] = .at(Self.keys)
    return request
  }
}
