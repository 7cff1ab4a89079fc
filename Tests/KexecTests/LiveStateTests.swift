// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import RunningKernel
import SystemPackage
import TestSupport
import Testing

/// What a tree made from `/proc/device-tree` is rid of before it is handed on.
@Suite struct `What the running kernel added to its live tree` {
  private func edited(_ tree: DeviceTree, isLive: Bool = true) throws -> NextTree {
    var request = KexecRequest(.other, tree: tree, commandLine: "quiet", seeds: .none)
    request.hasLiveState = isLive
    return try NextTree(request)
  }

  @Test(arguments: ["pseries-6.12", "pseries-7.2-kf"])
  func `is removed, so that the tree is the one made from the blob`(name: String) throws {
    let machine = RunningKernel(root: FilePath(try Fixtures.machine(name)))
    let (live, boot) = (
      try machine.liveTree().tree, try DeviceTree(blob: try machine.flatTree())
    )

    let next = try edited(live)

    let comparison = try DeviceTree(blob: edited(boot, isLive: false).blob)
      .compared(with: DeviceTree(blob: next.blob))
    // The capture has them empty.
    let differing = comparison.differences.filter { difference in
      guard case .property(let name, "/options", _, _) = difference else { return true }
      return !name.hasPrefix("security-")
    }
    #expect(differing == [])
    #expect(
      next.changes.prefix(4).map { "\($0.subject)" } == [
        "/chosen: linux,kernel-end", "/chosen: linux,crashkernel-base",
        "/chosen: linux,crashkernel-size", "/chosen: linux,memory-limit",
      ])
    #expect(next.changes.prefix(4).allSatisfy { $0.action == .removed && $0.to == nil })
    #expect(next.changes.prefix(4).allSatisfy { "\($0.rule)".hasPrefix("arch/powerpc/kexec/core") })
  }

  @Test func `is removed in every node that can have it, and nowhere else`() throws {
    let names = [
      "linux,kernel-end", "linux,crashkernel-base", "linux,crashkernel-size", "linux,memory-limit",
      "linux,htab-base", "linux,htab-size", "linux,usable-memory", "linux,drconf-usable-memory",
      "linux,tce-base", "linux,tce-size", "linux,pci-domain", "linux,rtas-base",
    ]
    let all = names.map { Property($0, .u64(1)) }
    let cells = [Property("#address-cells", .u32(2)), Property("#size-cells", .u32(2))]
    let memory = [Property("device_type", .string("memory"))]
    let root = Node(
      "", properties: cells + all,
      children: [
        Node("chosen", properties: all), Node("memory@0", properties: memory + all),
        Node("memory@1", properties: memory + all + all), Node("memory@2", properties: all),
        Node("ibm,dynamic-reconfiguration-memory", properties: all),
        Node("rtas", properties: all, children: [Node("memory@0", properties: memory + all)]),
      ])
    let tree = try DeviceTree(
      root: root, reservations: [AddressAndSize(address: 1, size: 2)], bootCPU: 3)

    let next = try edited(tree)

    let finished = try DeviceTree(blob: next.blob)
    let removed = next.changes.filter { $0.action == .removed }.map { "\($0.subject)" }
    #expect(
      removed == names.prefix(6).map { "/chosen: " + $0 } + [
        "/memory@0: linux,usable-memory", "/memory@1: linux,usable-memory",
        "/memory@1: linux,usable-memory",
        "/ibm,dynamic-reconfiguration-memory: linux,drconf-usable-memory",
      ])
    #expect(finished.reservations == tree.reservations)
    #expect(finished.bootCPU == 3)
    #expect(finished.root.properties == root.properties)
    #expect(finished.root.child("rtas") == root.child("rtas"))
    #expect(finished.root.child("memory@2") == root.child("memory@2"))
  }

  @Test(arguments: ["board", "qemu-arm64-virt", "qemu-ppc64-pseries"])
  func `is nothing in a tree that was never live`(name: String) throws {
    let tree = try source(name)

    #expect(try edited(tree).blob == edited(tree, isLive: false).blob)
    #expect(try edited(tree).changes == edited(tree, isLive: false).changes)
  }
}

@Suite struct `The reservations of a live tree without a blob` {
  @Test(arguments: ["board", "qemu-arm64-virt", "qemu-riscv64-virt"])
  func `are reported as lost`(name: String) throws {
    let warning = try #require(
      Finding.lostReservations(of: source(name), because: "/sys/firmware/fdt: no such file"))

    #expect(warning.place == "reservations")
    #expect(warning.text.contains("/sys/firmware/fdt: no such file"))
    #expect("\(warning.rule)" == "drivers/of/fdt.c:early_init_fdt_scan_reserved_mem")
  }

  @Test func `are empty with UEFI, and on powerpc come from the tree`() throws {
    let uefi = try Fixtures.machine("arm64-virt-uefi-dt-6.12-kf") + "/sys/firmware/fdt"

    #expect(Finding.lostReservations(of: try source("qemu-ppc64-pseries"), because: "") == nil)
    #expect(
      Finding.lostReservations(of: try DeviceTree(blob: contents(of: uefi)), because: "") == nil)
  }
}
