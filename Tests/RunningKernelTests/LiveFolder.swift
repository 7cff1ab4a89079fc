// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Foundation
import Kexec
import RunningKernel
import SystemPackage
import TestSupport

extension LiveTree {
  /// Reads a folder by its name.
  init(folder: TemporaryFolder) throws {
    try self.init(folder: FilePath(folder.path))
  }

  /// Reads the archive that tar makes of a folder.
  init(tarOf folder: TemporaryFolder, _ options: String...) throws {
    let archive = try tar(folder, options)
    try self.init(archive: archive.span, named: "tree.tar")
  }
}

/// A folder as the kernel shows a node, with all that is below it: `name` made up where there is none.
func liveFolder(_ root: Node) throws -> TemporaryFolder {
  let folder = try TemporaryFolder()
  try write(root, to: folder.path)
  return folder
}

private func write(_ node: Node, to folder: String) throws {
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  for property in node.properties {
    try write(property.value.bytes, to: folder + "/" + property.name)
  }
  if node["name"] == nil {
    let name = node.name.prefix { $0 != "@" }
    try write(PropertyValue.string(String(name)).bytes, to: folder + "/name")
  }
  for child in node.children { try write(child, to: folder + "/" + child.name) }
}

/// What tar makes of what is in a folder.
func tar(_ folder: TemporaryFolder, _ options: [String] = []) throws -> [UInt8] {
  let archive = try TemporaryFolder()
  let result = try run("tar", options + ["-cf", archive / "tree.tar", "-C", folder.path, "."])
  guard result.status == 0 else { throw ToolError(errors: result.errors) }
  return try contents(of: archive / "tree.tar")
}

struct ToolError: Error {
  let errors: String
}

/// A tree that is like many: cells, CPUs, memory and a bus.
let someRoot = Node(
  "",
  properties: [
    Property("#address-cells", .u32(2)), Property("#size-cells", .u32(2)),
    Property("compatible", .string("some,board")),
  ],
  children: [
    Node("chosen", properties: [Property("bootargs", .string("quiet"))]),
    Node(
      "cpus",
      children: [0, 1, 2, 10, 0x1f].map { cpu in
        Node(
          "cpu@" + String(cpu, radix: 16),
          properties: [Property("device_type", .string("cpu")), Property("reg", .u32(UInt32(cpu)))])
      }),
    Node("memory@40000000", properties: [Property("device_type", .string("memory"))]),
    Node("soc", properties: [Property("ranges", .empty)]),
  ])
