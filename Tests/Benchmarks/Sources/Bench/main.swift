// SPDX-License-Identifier: Apache-2.0
// bench time [SIZE]: times patching in this process against plain C, call by call in turns, and
// prints ratios. bench trees FOLDER: writes the trees, for timing whole processes.
// bench memory: the same for core headers, ranges and /proc/iomem.
// bench live FOLDER: the same for live trees, which it makes in the folder, and dtc.
// bench iomem COUNT: prints lines to follow those of a captured machine's /proc/iomem.
// bench unpack FILE FOLDER: the same for unpacking FILE, compressed into FOLDER by each compressor.
// bench peak FILE: unpacks a compressed file and prints what memory that took.
// bench repeat C|calls|plan COUNT SIZE: nothing but that, for perf and callgrind.

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
let seeds = Seeds(kaslr: Array(seedBytes.prefix(8)), rng: seedBytes)

/// Nanoseconds of one patch by dtfix: open, patch, read back by the acceptance checks.
func timeDTFix(_ blob: [UInt8]) throws -> Int64 {
  let start = DispatchTime.now().uptimeNanoseconds
  let next = try NextTree(
    KexecRequest(
      .arm64, tree: try DeviceTree(blob: blob), commandLine: .given(KernelCommandLine(commandLine)),
      seeds: seeds, inputs: [.init(.initrd, .at(initrd))]))
  precondition(next.blob.count > 40)
  return Int64(DispatchTime.now().uptimeNanoseconds - start)
}

/// Nanoseconds of the C peer's calls, one by one through `DeviceTree`: no policy, no explanation.
func timeCalls(_ blob: [UInt8]) throws -> Int64 {
  let start = DispatchTime.now().uptimeNanoseconds
  let chosen = "/chosen"
  var whole = try DeviceTree(blob: blob)
  try whole.edit(child: "chosen") { (tree) throws(DeviceTreeError) in
    _ = try tree.cellCounts(of: "/")
    for name in stale { try tree.deleteProperty(name, of: chosen) }
    if let start = try tree.property("linux,initrd-start", of: chosen)?.number,
      let end = try tree.property("linux,initrd-end", of: chosen)?.number
    {
      try tree.deleteReservation(AddressAndSize(address: start, size: end - start))
    }
    try tree.setProperty("linux,initrd-start", of: chosen, to: .u64(initrd.start))
    try tree.setProperty("linux,initrd-end", of: chosen, to: .u64(initrd.end))
    try tree.setProperty("bootargs", of: chosen, to: .string(commandLine))
    try tree.setProperty("kaslr-seed", of: chosen, to: PropertyValue(bytes: Array(seedBytes[..<8])))
    try tree.setProperty("rng-seed", of: chosen, to: PropertyValue(bytes: seedBytes))
    try tree.setProperty("linux,booted-from-kexec", of: chosen, to: .empty)
    try tree.addReservation(AddressAndSize(address: initrd.start, size: initrd.size))
  }
  _ = try DeviceTree(blob: whole.blob)
  return Int64(DispatchTime.now().uptimeNanoseconds - start)
}

let stale = [
  "linux,elfcorehdr", "linux,usable-memory-range", "linux,ima-kexec-buffer", "linux,dmcryptkeys",
  "linux,kho-fdt", "linux,kho-scratch", "linux,kexec-handover-buffer-start",
  "linux,kexec-handover-buffer-end",
]

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

if arguments.first == "memory" {
  try timeMemory()
  exit(0)
}

if arguments.first == "live", arguments.count == 2 {
  try timeLiveTrees(in: arguments[2])
  exit(0)
}

if arguments.first == "iomem", let count = arguments.last.flatMap({ Int($0) }) {
  print(iomem(lineCount: count, above: 1 << 40), terminator: "")
  exit(0)
}

if arguments.first == "unpack", arguments.count == 3 {
  try timeUnpacking(arguments[2], in: arguments[3])
  exit(0)
}

if arguments.first == "peak", arguments.count == 2 {
  try printPeak(arguments[2])
  exit(0)
}

if arguments.first == "repeat", arguments.count == 4, let count = Int(arguments[3]) {
  for (_, size) in sizes.filter({ $0.0 == arguments[4] }) {
    let blob = try tree(ofSize: size)
    for _ in 0..<count {
      switch arguments[2] {
      case "C": _ = timeC(blob, withChecks: true)
      case "calls": _ = try timeCalls(blob)
      default: _ = try timeDTFix(blob)
      }
    }
  }
  exit(0)
}

print("In process: medians of interleaved calls, in microseconds.")
print("  C      the peer: two full checks and the libfdt calls in between")
print("  calls  the same calls through DeviceTree, checks included")
print("  plan   NextTree: policy, explanation and acceptance checks besides")
print("  edits  the C peer without its two checks")
print("tree        bytes        C    calls  calls/C     plan   plan/C    edits")
for (name, size) in sizes where arguments.count < 2 || arguments.last == name {
  let blob = try tree(ofSize: size)
  var times: [[Int64]] = [[], [], [], []]
  for _ in 0..<max(21, 20_000_000 / size) {
    times[0].append(timeC(blob, withChecks: true))
    times[1].append(try timeCalls(blob))
    times[2].append(try timeDTFix(blob))
    times[3].append(timeC(blob, withChecks: false))
  }
  let medians = times.map { median($0) / 1000 }
  let row = String(
    format: "%7d %8.1f %8.1f %8.2f %8.1f %8.2f %8.1f", blob.count, medians[0], medians[1],
    medians[1] / medians[0], medians[2], medians[2] / medians[0], medians[3])
  print(name.padding(toLength: 9, withPad: " ", startingAt: 0), row)
}
