// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import PhysicalMemory
import TestSupport
import Testing

@testable import KexecCheck
@testable import KexecFacts
@testable import KexecMerge
@testable import KexecPlan
@testable import KexecRules
@testable import KexecTree

@Suite struct `Bytes of one's own in a tree` {
  static let logRange = range(0x7000_0000, 12_345)
  static let log = KexecRequest.Input(.extra("acme,log"), .at(logRange))

  @Test func `have their exact size in the tree, and are reserved`() throws {
    let tree = try patched(source("board"), handover([Self.log]))

    #expect(try tree.chosen("acme,log") == .cells([0, 0x7000_0000, 0, 12_345]))
    #expect(tree.reservations.contains(AddressAndSize(address: 0x7000_0000, size: 12_345)))
  }

  @Test func `take the place of those of the same name`() throws {
    let once = try patched(source("board"), handover([Self.log]))
    let place = range(0x7100_0000, 1)
    let other = KexecRequest.Input(.extra("acme,log"), .at(place))

    let tree = try patched(once, handover([other]))
    let twice = try NextTree(from: tree, for: .arm64, handover: handover([other]))

    #expect(tree.reservations == once.reservations.dropLast() + [place.tuple])
    #expect(twice.blob == tree.blob)
    #expect(twice.changes.filter { $0.action != .kept } == [])
  }

  @Test func `are in a crash kernel's own memory`() throws {
    let main = range(0x7000_0000, 0x100_0000)
    var handover = handover([Self.log])
    handover.set(Crash(coreHeader: range(0x70ff_0000, 0x1000), usableMemory: [main]))

    let tree = try patched(source("board"), handover)

    #expect(tree.reservations.contains(Self.logRange.tuple))
    handover[.extra("acme,log")] = .at(range(0x7100_0000, 1))
    #expect(throws: KexecError.self) { try patched(source("board"), handover) }
  }

  @Test(
    arguments: [
      "", "a b", "a/b", "naïve", "a\n", String(repeating: "x", count: 256), "bootargs",
      "linux,initrd-start", "kaslr-seed", "rng-seed", "linux,elfcorehdr", "linux,kho-fdt",
      "linux,ima-kexec-buffer", "linux,dmcryptkeys", "linux,usable-memory-range", "stdout-path",
      "linux,uefi-system-table", "ibm,plpks-pw", "phandle", "#address-cells", "linux,kernel-end",
      "linux,kexec-handover-buffer-start", "linux,booted-from-kexec", "linux,memory-limit",
    ])
  func `are refused under a bad name, or one in use`(name: String) throws {
    let error = #expect(throws: KexecError.self) {
      try patched(source("board"), handover([KexecRequest.Input(.extra(name), .at(Self.logRange))]))
    }

    guard case .handedOver(let input)? = error?.subject, input.option == "--extra" else {
      Issue.record("\(error?.description ?? "")")
      return
    }
    #expect(error?.description.contains("\n") == false)
  }

  @Test func `are refused twice under a name, and twice in a place`() throws {
    let other = KexecRequest.Input(.extra("acme,other"), .at(range(0x7000_3038, 10)))

    for extras in [[Self.log, Self.log], [Self.log, other]] {
      let error = #expect(throws: KexecError.self) {
        try patched(source("board"), handover(extras))
      }
      guard case .handedOver? = error?.subject else {
        Issue.record("\(error?.description ?? "")")
        return
      }
    }
    let after = KexecRequest.Input(.extra("acme,other"), .at(range(0x7000_3039, 10)))
    #expect(try patched(source("board"), handover([Self.log, after])).chosen("acme,other") != nil)
  }

  @Test func `win over no edit without a word`() throws {
    let edit = TreeEdit.set("acme,log", node: "/chosen", .string("x"))

    #expect(throws: KexecError.editUndone(property: "acme,log")) {
      try patched(source("board"), edits: [edit], handover([Self.log]))
    }
  }

  private func handover(_ extras: [KexecRequest.Input]) -> KexecRequest {
    var handover = KexecRequest(commandLine: "x", seeds: fixedSeeds)
    handover.inputs = extras
    return handover
  }
}
