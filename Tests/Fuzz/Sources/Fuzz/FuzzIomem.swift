// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory
import RunningKernel

/// One input of libFuzzer: any bytes as `/proc/iomem`. They are refused with the number of a line, or
/// read; and what was read, written as the kernel writes it, reads the same.
func fuzzIomem(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let text = bytes(start, count)
  let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
  let map: MemoryMap
  do throws(MemoryMap.BadLine) {
    map = try MemoryMap(text.span)
  } catch {
    precondition((1...lines.count).contains(error.number), "a line of the text")
    precondition(error.text == String(decoding: lines[error.number - 1].prefix(80), as: UTF8.self))
    return 0
  }

  precondition(map.entries.count == lines.count { !$0.isEmpty }, "every line is an entry")
  precondition(map.entries.allSatisfy { $0.level >= 0 && $0.start <= $0.lastByte })
  checkRanges(of: map)
  checkPrinting(of: map)
  return 0
}

private func checkRanges(of map: MemoryMap) {
  let all = PhysicalRangeSet(map.entries.compactMap(\.range))
  for ranges in [map.systemRAM, map.memoryToDump, map.crashRegions, map.reserved] {
    precondition(ranges.allSatisfy(all.contains), "every range is some entry's")
    precondition(all.intersection(PhysicalRangeSet(ranges)) == PhysicalRangeSet(ranges))
  }
  precondition(map.isEmpty || map.isHidden == map.entries.allSatisfy { $0.lastByte == 0 })
  // Only a kernel's own text has every child inside its parent.
  guard map.isTree, map.entries.allSatisfy({ $0.range != nil }) else { return }
  let dumped = PhysicalRangeSet(map.memoryToDump)
  precondition(map.systemRAM.allSatisfy(dumped.contains), "the firmware's memory is dumped")
}

private func checkPrinting(of map: MemoryMap) {
  guard let again = try? MemoryMap(map.text(deepestIndent: .max)) else {
    fatalError("own text is refused")
  }
  precondition(again.entries.count == map.entries.count)
  precondition(
    zip(again.entries, map.entries).allSatisfy {
      ($0.start, $0.lastByte) == ($1.start, $1.lastByte) && $0.name == $1.name
    })
  guard map.isTree else { return }
  precondition(again == map, "a tree has the same levels")
  if map.entries.allSatisfy({ $0.lastByte > 0 }) {
    let kernel = try? MemoryMap(map.text(deepestIndent: 8))
    precondition(kernel == map, "levels below the deepest indent are found by the addresses")
  }
}

extension MemoryMap {
  /// The text as `kernel/resource.c:r_show` prints it.
  fileprivate func text(deepestIndent: Int) -> String {
    entries.map { entry in
      let blanks = String(repeating: " ", count: 2 * min(entry.level, deepestIndent))
      let (start, last) = (String(entry.start, radix: 16), String(entry.lastByte, radix: 16))
      return "\(blanks)\(start)-\(last) : \(entry.name)\n"
    }.joined()
  }

  /// Whether it is what a kernel could print: every entry inside its parent and after its neighbour,
  /// one level below it at most.
  fileprivate var isTree: Bool {
    var open: [Entry] = []
    for entry in entries {
      guard entry.level <= open.count else { return false }
      if entry.level < open.count, entry.start <= open[entry.level].lastByte { return false }
      open.removeSubrange(entry.level...)
      if let parent = open.last {
        guard parent.start <= entry.start, entry.lastByte <= parent.lastByte else { return false }
      }
      open.append(entry)
    }
    return true
  }
}
