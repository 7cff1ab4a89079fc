// SPDX-License-Identifier: Apache-2.0
// patch-tree OLD NEW: the function in the README as a program.

import DeviceTree
import Glibc
import Kexec
import Loading
import PhysicalMemory
import SystemPackage

// README
func nextTree(from blob: [UInt8], initrd: PhysicalRange, seeds: Seeds) throws -> [UInt8] {
  var tree = try DeviceTree(blob: blob)
  try tree.setProperty("status", of: "serial0", to: .string("okay"))
  let request = KexecRequest(
    .arm64, tree: tree, commandLine: "console=ttyS0 root=/dev/ram0", seeds: seeds,
    inputs: [.init(.initrd, .at(initrd))])
  let next = try NextTree(request)
  next.changes.forEach { print($0) }
  return next.blob
}
// README

let arguments = CommandLine.arguments
guard arguments.count == 3, let initrd = PhysicalRange(start: 0x8840_0000, size: 0x1f_e20c) else {
  print("usage: patch-tree OLD NEW")
  exit(64)
}
do {
  let old = try FileDescriptor.open(FilePath(arguments[1]), .readOnly)
  let blob = try old.closeAfter { try FileSet.contents(of: old, named: arguments[1]) }
  let next = try nextTree(from: blob, initrd: initrd, seeds: .fresh())
  // The seeds in it are secret: a new file, which only its owner can read.
  let new = try FileDescriptor.open(
    FilePath(arguments[2]), .writeOnly, options: [.create, .exclusiveCreate],
    permissions: [.ownerReadWrite])
  _ = try new.closeAfter { try new.writeAll(next) }
} catch {
  print("patch-tree: \(error)")
  exit(65)
}
