// SPDX-License-Identifier: Apache-2.0
// patch-tree OLD NEW: the ten lines of the README as a program.

import DeviceTree
import Glibc
import Kexec
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

/// The bytes of a file.
func contents(of path: FilePath) throws -> [UInt8] {
  let file = try FileDescriptor.open(path, .readOnly)
  return try file.closeAfter {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try unsafe piece.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
      guard count > 0 else { return bytes }
      bytes += piece[..<count]
    }
  }
}

/// Writes a new file that only its owner may read, since seeds are secret. One that is there already
/// may be open to others, so it is left alone.
func write(_ bytes: [UInt8], toNew path: FilePath) throws {
  let file = try FileDescriptor.open(
    path, .writeOnly, options: [.create, .exclusiveCreate], permissions: [.ownerReadWrite])
  _ = try file.closeAfter { try file.writeAll(bytes) }
}

let arguments = CommandLine.arguments
guard arguments.count == 3, let initrd = PhysicalRange(start: 0x8840_0000, size: 0x1f_e20c) else {
  print("usage: patch-tree OLD NEW")
  exit(64)
}
do {
  // The kernel's random numbers: this generator is getrandom(2).
  var random = SystemRandomNumberGenerator()
  let seeds = Seeds(
    kaslr: (0..<8).map { _ in .random(in: .min ... .max, using: &random) },
    rng: (0..<128).map { _ in .random(in: .min ... .max, using: &random) })
  let old = try contents(of: FilePath(arguments[1]))
  try write(nextTree(from: old, initrd: initrd, seeds: seeds), toNew: FilePath(arguments[2]))
} catch {
  print("patch-tree: \(error)")
  exit(65)
}
