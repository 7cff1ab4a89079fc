// SPDX-License-Identifier: Apache-2.0
// bench time [SIZE]: times patching in this process against plain C, call by call in turns, and
// prints ratios. bench trees FOLDER: writes the trees, for timing whole processes.

import CPeer
import DeviceTree
import Foundation
import Kexec
import PhysicalMemory

/// A tree of about the given size: `/chosen` first, as in most boards, then nodes like a board's.
func tree(ofSize size: Int) throws -> [UInt8] {
  let chosen = Node(
    "chosen",
    properties: [
      Property("stdout-path", .string("serial0:115200n8")),
      Property("bootargs", .string("console=ttyAMA0")), Property("kaslr-seed", .u64(0)),
    ])
  let cpu = Node(
    "cpu@0",
    properties: [
      Property("device_type", .string("cpu")), Property("compatible", .string("arm,cortex-a72")),
    ])
  let devices = (0..<max(1, size / 208)).map(device)
  let root = Node(
    "",
    properties: [
      Property("#address-cells", .u32(2)), Property("#size-cells", .u32(2)),
      Property("compatible", .string("vendor,board")),
    ],
    children: [chosen, Node("cpus", children: [cpu]), Node("soc", children: devices)])
  return try DeviceTree(root: root).blob
}

func device(_ index: Int) -> Node {
  let address = UInt32(0x1000_0000 + index * 0x1000)
  let properties: [Property] = [
    Property("compatible", .strings(["vendor,device-v2", "vendor,device"])),
    Property("reg", .cells([0, address, 0, 0x1000])),
    Property("interrupts", .cells([0, UInt32(index & 0xff), 4])),
    Property("clocks", .cells([1, UInt32(index & 0x3f), 1, 7])),
    Property("clock-names", .strings(["core", "bus"])),
    Property("status", .string("okay")),
    Property("phandle", .u32(UInt32(index + 10))),
  ]
  return Node("device@" + String(address, radix: 16), properties: properties)
}

let commandLine = "console=ttyAMA0 quiet"
let seedBytes = (0..<128).map { UInt8($0 ^ 0x5a) }
guard let initrd = PhysicalRange(start: 0x4800_0000, size: 0x1f9bb8) else { exit(70) }
let handover = Handover(
  commandLine: commandLine, initrd: initrd,
  seeds: Seeds(kaslr: Array(seedBytes.prefix(8)), rng: seedBytes))

/// Nanoseconds of one patch by dtfix: open, patch, read back by the acceptance checks.
func timeDTFix(_ blob: [UInt8]) throws -> Int64 {
  let start = DispatchTime.now().uptimeNanoseconds
  let next = try NextTree(
    from: try DeviceTree(blob: blob), for: .arm64, handover: handover)
  precondition(next.blob.count > 40)
  return Int64(DispatchTime.now().uptimeNanoseconds - start)
}

func timeC(_ blob: [UInt8], withChecks: Bool) -> Int64 {
  let time = peer_time(
    withChecks ? 1 : 0, blob, blob.count, commandLine, initrd.start, initrd.size, seedBytes)
  precondition(time > 0, "the C peer patches the tree")
  return time
}

func median(_ times: [Int64]) -> Double { Double(times.sorted()[times.count / 2]) }

let sizes = [("8 KiB", 8 << 10), ("64 KiB", 64 << 10), ("2 MiB", (2 << 20) - (16 << 10))]
let arguments = CommandLine.arguments.dropFirst()
if arguments.first == "trees", let folder = arguments.last {
  for (name, size) in sizes {
    let path = folder + "/" + name.replacingOccurrences(of: " ", with: "") + ".dtb"
    try Data(try tree(ofSize: size)).write(to: URL(fileURLWithPath: path))
  }
  exit(0)
}

print("In process, median of interleaved calls; the C peer makes the same libfdt calls.")
print("tree        bytes     dtfix µs      C µs   dtfix/C   C without checks µs")
for (name, size) in sizes where arguments.count < 2 || arguments.last == name {
  let blob = try tree(ofSize: size)
  let rounds = max(21, 20_000_000 / size)
  var (ours, theirs, bare): ([Int64], [Int64], [Int64]) = ([], [], [])
  for _ in 0..<rounds {
    ours.append(try timeDTFix(blob))
    theirs.append(timeC(blob, withChecks: true))
    bare.append(timeC(blob, withChecks: false))
  }
  let row = String(
    format: "%7d  %11.1f %9.1f   %7.2f   %19.1f", blob.count, median(ours) / 1000,
    median(theirs) / 1000, median(ours) / median(theirs), median(bare) / 1000)
  print(name.padding(toLength: 8, withPad: " ", startingAt: 0), row)
}
