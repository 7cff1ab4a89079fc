// SPDX-License-Identifier: Apache-2.0
// patch-tree OLD NEW: the ten lines of the README as a program.

import DeviceTree
import Foundation
import Kexec
import PhysicalMemory

// README
func nextTree(from blob: [UInt8], seeds: Seeds) throws -> [UInt8] {
  var tree = try DeviceTree(blob: blob)
  try tree.setProperty("status", of: "serial0", to: .string("okay"))
  let handover = Handover(
    commandLine: "console=ttyS0 root=/dev/ram0",
    initrd: PhysicalRange(start: 0x8840_0000, size: 0x1f_e20c), seeds: seeds)
  let next = try NextTree(from: tree, for: .arm64, handover: handover)
  next.changes.forEach { print($0) }
  return next.blob
}
// README

let arguments = CommandLine.arguments
guard arguments.count == 3 else {
  print("usage: patch-tree OLD NEW")
  exit(64)
}
do {
  let old = try Data(contentsOf: URL(fileURLWithPath: arguments[1]))
  let seeds = Seeds(
    kaslr: (0..<8).map { _ in .random(in: .min ... .max) },
    rng: (0..<128).map { _ in .random(in: .min ... .max) })
  let new = try nextTree(from: Array(old), seeds: seeds)
  try Data(new).write(to: URL(fileURLWithPath: arguments[2]))
} catch {
  print("patch-tree: \(error)")
  exit(65)
}
