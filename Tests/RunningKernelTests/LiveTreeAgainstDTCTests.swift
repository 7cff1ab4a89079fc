// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Foundation
import Kexec
import RunningKernel
import SystemPackage
import TestSupport
import Testing

/// What dtc makes of a folder.
private func dtc(_ folder: String, _ options: String...) throws -> ToolResult {
  try run("dtc", ["-q", "-I", "fs", "-O", "dtb"] + options + [folder])
}

private func tree(_ result: ToolResult) throws -> DeviceTree {
  try #require(result.status == 0, "\(result.errors)")
  return try DeviceTree(blob: result.output)
}

/// `dtc -I fs` (1.6.1) on the same folder: equal by meaning, except where it is wrong. Each such case
/// has a test here.
@Suite struct `A live tree and what dtc makes of it` {
  @Test(arguments: [
    "arm64-virt-1g-6.1", "arm64-virt-2g-6.12-kf", "arm64-virt-6.12", "arm64-virt-6.12-kf",
    "arm64-virt-6g-highlow-6.12-kf", "arm64-virt-uefi-dt-6.12-kf", "riscv64-virt-6.12",
    "riscv64-virt-7.2-kf", "pseries-6.12", "pseries-7.2-kf",
  ])
  func `are equal`(machine: String) throws {
    let folder = try Fixtures.machine(machine) + "/proc/device-tree"

    var theirs = try tree(dtc(folder))
    let ours = try LiveTree(folder: FilePath(folder)).tree

    // Which CPU boots is not in a live tree: see below.
    theirs.bootCPU = ours.bootCPU
    #expect(ours.compared(with: theirs).differences == [])
  }

  @Test func `differ in links, which dtc follows`() throws {
    let folder = try liveFolder(someRoot)
    try run("ln", ["-s", "compatible", folder / "alias"])

    #expect(try tree(dtc(folder.path)).root["alias"] == someRoot["compatible"])
    #expect(try LiveTree(folder: folder).tree.root == someRoot)
  }

  @Test func `differ in loops of links, which dtc dies of`() throws {
    let folder = try liveFolder(someRoot)
    try run("ln", ["-s", ".", folder / "soc/loop"])

    #expect(try dtc(folder.path).status != 0)
    #expect(try LiveTree(folder: folder).tree.root == someRoot)
  }

  @Test func `differ in properties that claim to be empty, of which dtc reads nothing`() throws {
    // As security-* properties in /proc/device-tree do.
    let folder = "/proc/self/net/stat"

    let theirs = try tree(dtc(folder)).root.properties
    let ours = try LiveTree(folder: FilePath(folder)).tree.root.properties

    #expect(!theirs.isEmpty)
    #expect(theirs.allSatisfy { $0.value == .empty })
    #expect(Set(ours.map(\.name)) == Set(theirs.map(\.name)))
    #expect(ours.allSatisfy { $0.value != .empty })
  }

  @Test
  func `differ in nodes that the kernel gave a number, which dtc refuses or leaves as they are`()
    throws
  {
    let folder = try liveFolder(
      Node(
        "", properties: [Property("cache", .u32(1))],
        children: [Node("cache#1", properties: [Property("name", .string("cache"))])]))

    #expect(try dtc(folder.path).status != 0)
    #expect(try tree(dtc(folder.path, "-f")).root.children.map(\.name) == ["cache#1"])
    #expect(try LiveTree(folder: folder).tree.root.children.map(\.name) == ["cache"])
  }

  @Test func `differ in a name that is not the node's own, which dtc refuses`() throws {
    let root = Node(
      "", children: [Node("cpu@0", properties: [Property("name", .string("PowerPC,970"))])])
    let folder = try liveFolder(root)

    #expect(try dtc(folder.path).status != 0)
    #expect(try LiveTree(folder: folder).tree.root == root)
  }

  @Test
  func `differ in order, which dtc takes from the file system, and in the CPU it boots by it`()
    throws
  {
    let place = try TemporaryFolder()
    let folders = try ["0 1 2 3", "3 2 1 0"].map { order in
      let folder = place / order.replacing(" ", with: "")
      for cpu in order.split(separator: " ") {
        try run("mkdir", ["-p", folder + "/cpus/cpu@\(cpu)"])
        try write([0, 0, 0, UInt8(cpu) ?? 0], to: folder + "/cpus/cpu@\(cpu)/reg")
      }
      return folder
    }

    let theirs = try folders.map { try tree(dtc($0)) }
    let ours = try folders.map { try LiveTree(folder: FilePath($0)).tree }

    // Its boot CPU is the one that it happens to find first.
    for tree in theirs {
      let first = try tree.children(of: "/cpus")[0]
      #expect(tree.bootCPU == UInt32(first.dropFirst(4)))
    }
    #expect(ours[0] == ours[1])
    #expect(try ours[0].children(of: "/cpus") == ["cpu@0", "cpu@1", "cpu@2", "cpu@3"])
    #expect(ours[0].bootCPU == 0)
  }
}
