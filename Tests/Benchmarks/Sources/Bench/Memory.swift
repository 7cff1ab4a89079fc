// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import CPeer
import CrashCore
import Foundation
import PhysicalMemory
import RunningKernel

/// Times core headers, range arithmetic and the reading of `/proc/iomem` against plain C.
func timeMemory() throws {
  print("Core headers: medians of interleaved calls, in microseconds.")
  print("headers         C    dtfix  dtfix/C")
  for count in [10, 1_000, 65_000] { try timeCoreHeader(count) }
  print("1,000 ranges out of 32,000.")
  print("  C       qsort and one merge")
  print("  kernel  the list walked, and shifted, for every range that is taken out")
  print("order           C    dtfix  dtfix/C    kernel  kernel/dtfix")
  timeSubtracting(shuffled: false)
  timeSubtracting(shuffled: true)
  print("/proc/iomem.")
  print("  C       strtoull, strndup and a growing array; its levels are the indents alone")
  print("  sscanf  the same by sscanf, as kexec-tools does it")
  print("lines           C    dtfix  dtfix/C    sscanf   (ns a line: C, dtfix)")
  for count in [30, 10_000, 1_000_000] { try timeMemoryMap(count) }
}

// MARK: - Core headers

private func timeCoreHeader(_ count: Int) throws {
  let linearMap: UInt64 = 0xffff_0000_0000_0000
  let notes = ranges(4, every: 0x1_0000, size: 0x1a8)
  let vmcoreinfo = ranges(1, every: 0x1000, size: 0x1024)
  let memory = ranges(count - notes.count - 1, every: 0x10_0000, size: 0xc_0000)
  let blocks = memory.map {
    CoreHeader.Memory(range: $0, virtualAddress: $0.start &+ linearMap)
  }
  let (peerNotes, peerMemory) = ((notes + vmcoreinfo).map(peerRange), memory.map(peerRange))
  try compare(
    count, rounds: max(15, 2_000_000 / count), "%9.1f %8.1f %8.2f",
    {
      peer_core_header(
        peerNotes, peerNotes.count, peerMemory, peerMemory.count, linearMap, &$0)
    },
    {
      try CoreHeader(
        machine: .arm64, byteOrder: .little, cpuNotes: notes, vmcoreinfo: vmcoreinfo[0],
        kernelText: nil, memory: blocks
      ).bytes().count
    })
}

// MARK: - Ranges

private func timeSubtracting(shuffled: Bool) {
  var generator = Generator(state: 3)
  var ram = ranges(32_000, every: 0x10_0000, size: 0xc_0000)
  let last = ram[ram.count - 1].end
  // Ranges that cover, trim, split and miss, in no order: crash regions, reservations, firmware.
  let cuts = (0..<1_000).map { index in
    let start = last / 1_000 * UInt64(index) + .random(in: 0..<0x10_0000, using: &generator)
    return range(start, size: .random(in: 0x1000..<0x30_0000, using: &generator))
  }.shuffled(using: &generator)
  let (peerRAM, peerCuts) = (ram.map(peerRange), cuts.map(peerRange))
  if shuffled { ram.shuffle(using: &generator) }
  let peerInput = ram.map(peerRange)
  let sorting = shuffled ? peer_sort_and_subtract : peer_subtract
  compare(
    shuffled ? "any" : "rising", rounds: shuffled ? 51 : 301, "%9.1f %8.1f %8.2f %9.1f %13.1f",
    { sorting(peerInput, peerInput.count, peerCuts, peerCuts.count, &$0) },
    {
      let ranges = shuffled ? PhysicalRangeSet(ram).ranges : ram
      return ranges.subtracting(PhysicalRangeSet(cuts)).count
    },
    { peer_exclude(peerRAM, peerRAM.count, peerCuts, peerCuts.count, &$0) }, thirdToOurs: true)
}

// MARK: - /proc/iomem

private func timeMemoryMap(_ lineCount: Int) throws {
  let text = Array(iomem(lineCount: lineCount).utf8)
  let peerText = text.map { CChar(bitPattern: $0) }
  try compare(
    lineCount, rounds: max(7, 2_000_000 / lineCount / 10), "%9.1f %8.1f %8.2f %9.1f",
    { peer_iomem(peerText, peerText.count, &$0) },
    { try MemoryMap(text.span).entries.count },
    { peer_iomem_sscanf(peerText, peerText.count, &$0) }, items: lineCount)
}

/// Text as a large machine prints it: blocks of RAM with what the kernel and others hold in it, and
/// bridges with devices up to four levels down; names of 4 to 45 bytes.
///
/// - Parameter start: where it begins, for lines that follow those of another machine: these have no
///   kernel, and RAM in one block of twenty, because a core header counts no more than 65,535 pieces.
func iomem(lineCount: Int, above start: UInt64? = nil) -> String {
  var text = ""
  var generator = Generator(state: 5)
  var (line, base) = (0, start ?? 0x4000_0000)
  func add(_ level: Int, _ start: UInt64, _ size: UInt64, _ name: String) {
    guard line < lineCount else { return }
    line += 1
    let blanks = String(repeating: "  ", count: level)
    text += blanks + hexadecimal(start) + "-" + hexadecimal(start + size - 1) + " : \(name)\n"
  }
  while line < lineCount {
    let isRAM = start == nil || base >> 28 % 20 == 0
    add(0, base, 0x800_0000, isRAM ? "System RAM" : "reserved")
    add(1, base + 0x20_0000, 0x100_0000, start == nil ? "Kernel code" : "reserved")
    add(1, base + 0x120_0000, 0x40_0000, "reserved")
    add(1, base + 0x200_0000, 0x20_0000, start == nil ? "Kernel data" : "reserved")
    for index in 0..<UInt64.random(in: 1...6, using: &generator) {
      add(1, base + 0x300_0000 + index * 0x1_0000, 0x8000, "reserved")
    }
    add(0, base + 0x800_0000, 0x100_0000, "pcie@" + hexadecimal(base) + " MEM window")
    add(1, base + 0x800_0000, 0x80_0000, "PCI Bus 0000:0\(line % 10)")
    for index in 0..<UInt64.random(in: 1...6, using: &generator) {
      let (start, name) = (base + 0x800_0000 + index * 0x1_0000, "0000:0\(line % 10):0\(index).0")
      add(2, start, 0x1_0000, name)
      add(3, start, 0x4000, ["nvme", "virtio-pci-modern", "xhci-hcd"][line % 3])
    }
    let device = hexadecimal(base + 0x900_0000) + ".pl011"
    add(0, base + 0x900_0000, 0x1000, device + " pl011@" + hexadecimal(base + 0x900_0000))
    base += 0x1000_0000
  }
  return text
}

private func hexadecimal(_ number: UInt64) -> String {
  let digits = String(number, radix: 16)
  return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
}

// MARK: - Support

/// Numbers that are the same in every run.
private struct Generator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 29
  }
}

private func range(_ start: UInt64, size: UInt64) -> PhysicalRange {
  guard let range = PhysicalRange(start: start, size: size) else { fatalError("a range") }
  return range
}

private func ranges(_ count: Int, every step: UInt64, size: UInt64) -> [PhysicalRange] {
  (0..<UInt64(count)).map { range(0x4000_0000 + $0 * step, size: size) }
}

private func peerRange(_ range: PhysicalRange) -> peer_range {
  peer_range(start: range.start, end: range.end)
}

/// Runs the peer, ours and a third one in turns, sees that all make the same number of things, and
/// prints the medians.
private func compare(
  _ name: some CustomStringConvertible, rounds: Int, _ format: String,
  _ peer: (inout Int) -> Int64, _ ours: () throws -> Int, _ third: ((inout Int) -> Int64)? = nil,
  thirdToOurs: Bool = false, items: Int? = nil
) rethrows {
  var times: [[Int64]] = [[], [], []]
  for _ in 0..<rounds {
    var counts = [0, 0, 0]
    times[0].append(peer(&counts[0]))
    let start = DispatchTime.now().uptimeNanoseconds
    counts[1] = try ours()
    times[1].append(Int64(DispatchTime.now().uptimeNanoseconds - start))
    if let third { times[2].append(third(&counts[2])) } else { counts[2] = counts[0] }
    precondition(counts[0] == counts[1] && counts[0] == counts[2], "the same result: \(counts)")
  }
  let medians = times.map { $0.isEmpty ? 0 : median($0) / 1000 }
  let row = String(
    format: format, medians[0], medians[1], medians[1] / medians[0], medians[2],
    medians[2] / medians[1])
  let each = items.map { items in
    String(
      format: "   %.1f, %.1f", medians[0] * 1000 / Double(items), medians[1] * 1000 / Double(items))
  }
  print(name.description.padding(toLength: 9, withPad: " ", startingAt: 0) + row + (each ?? ""))
}
