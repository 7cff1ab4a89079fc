// SPDX-License-Identifier: Apache-2.0

import CPeer
import DeviceTree
import Foundation
import Kexec
import RunningKernel
import SystemPackage

/// Times trees made from folders against plain C and dtc, in a folder of memory.
func timeLiveTrees(in place: String) throws {
  print("Trees from a folder: medians of runs in turns, in milliseconds.")
  print("  C       openat, getdents64, read, sort, a blob")
  print("  C+list  the same, and all folders listed again, to know that nothing changed")
  print(
    "nodes           C   C+list    dtfix  dtfix/C  dtfix/C+list       dtc  dtc/dtfix   (µs a node)")
  for count in [1_000, 10_000, 50_000] {
    let folder = "\(place)/live-\(count)"
    try write(tree(nodeCount: count), to: folder)
    try timeLiveTree(folder, count)
    try FileManager.default.removeItem(atPath: folder)
  }
}

private func timeLiveTree(_ folder: String, _ count: Int) throws {
  guard let theirs = blob(of: folder, checks: true) else { fatalError("the C peer reads it") }
  let ours = try LiveTree(folder: FilePath(folder)).tree
  let same = ours.compared(with: try DeviceTree(blob: theirs))
  precondition(same.isEqual, "both make the same tree")
  var times: [[Int64]] = [[], [], [], []]
  for _ in 0..<max(7, 100_000 / count) {
    times[0].append(nanoseconds { _ = blob(of: folder, checks: false) })
    times[1].append(nanoseconds { _ = blob(of: folder, checks: true) })
    times[2].append(
      try nanoseconds { _ = try LiveTree(folder: FilePath(folder)).tree.blob })
  }
  times[3].append(try nanoseconds { try runDTC(folder) })
  let medians = times.map { median($0) / 1e6 }
  print(
    String(
      format: "%-7d %9.2f %8.2f %8.2f %8.2f %13.2f %9.1f %10.1f   (%.1f)", count, medians[0],
      medians[1], medians[2], medians[2] / medians[0], medians[2] / medians[1], medians[3],
      medians[3] / medians[2], medians[2] * 1000 / Double(count)))
}

private func blob(of folder: String, checks: Bool) -> [UInt8]? {
  var result: UnsafeMutableRawPointer?
  let size = peer_live_tree(folder, checks ? 1 : 0, &result)
  defer { free(result) }
  guard size > 0, let result else { return nil }
  return Array(UnsafeRawBufferPointer(start: result, count: size))
}

private func runDTC(_ folder: String) throws {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = ["dtc", "-q", "-I", "fs", "-O", "dtb", "-o", "/dev/null", folder]
  try process.run()
  process.waitUntilExit()
}

private func nanoseconds(_ body: () throws -> Void) rethrows -> Int64 {
  let start = DispatchTime.now().uptimeNanoseconds
  try body()
  return Int64(DispatchTime.now().uptimeNanoseconds - start)
}

/// Buses of a hundred devices, each with five properties.
private func tree(nodeCount: Int) -> Node {
  let buses = (0..<max(1, nodeCount / 101)).map { bus in
    Node(
      "bus@" + String(bus, radix: 16), properties: [Property("ranges", .empty)],
      children: (0..<100).map { device(bus * 100 + $0) })
  }
  return Node("", properties: [Property("#address-cells", .u32(2))], children: buses)
}

private func write(_ node: Node, to folder: String) throws {
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  let name = PropertyValue.string(String(node.name.prefix { $0 != "@" }))
  for property in node.properties + [Property("name", name)] {
    try Data(property.value.bytes).write(to: URL(fileURLWithPath: "\(folder)/\(property.name)"))
  }
  for child in node.children { try write(child, to: "\(folder)/\(child.name)") }
}
