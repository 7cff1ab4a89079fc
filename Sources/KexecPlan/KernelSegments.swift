// SPDX-License-Identifier: Apache-2.0

import KernelImage
import KexecCheck
import KexecFacts
import KexecMerge
import KexecRules
import KexecTree
import PhysicalMemory

/// A kernel as kexec_load(2) wants it: segments of whole pages that do not overlap.
///
/// Segments of an ELF file whose bytes share a page are one piece; what is between them is zero.
struct KernelSegments {
  /// The memory of the segments, in rising order.
  let ranges: [PhysicalRange]

  private let bytes: [UInt8]
  /// The segments of each piece: where they go, and where their bytes are.
  private let segments: [[(memory: PhysicalRange, file: Range<Int>)]]

  /// - Parameters:
  ///   - image: the kernel.
  ///   - bytes: what its segments are ranges of.
  ///   - address: where it is loaded: all of it fits in front of 2^64.
  init(_ image: KernelImage, _ bytes: [UInt8], at address: UInt64, _ pageSize: UInt64) {
    var ranges: [PhysicalRange] = []
    var segments: [[(memory: PhysicalRange, file: Range<Int>)]] = []
    /// Where the bytes of the last piece end; what follows them is zero.
    var contentEnd: UInt64 = 0
    for segment in image.segments {
      let memory = Self.range(address + segment.offset, segment.memorySize)
      let pages = memory.roundedOutward(to: pageSize)
      if let last = ranges.last, last.end > pages.start {
        ranges.removeLast()
        if contentEnd > pages.start {
          ranges.append(Self.range(last.start, pages.end - last.start))
        } else {
          // The last piece has but zeros in the page that both are in: it gives it up.
          if last.start < pages.start {
            ranges.append(Self.range(last.start, pages.start - last.start))
          } else {
            segments.removeLast()
          }
          ranges.append(pages)
          segments.append([])
        }
      } else {
        ranges.append(pages)
        segments.append([])
      }
      segments[segments.count - 1].append((memory, segment.file))
      if !segment.file.isEmpty { contentEnd = memory.start + UInt64(segment.file.count) }
    }
    self.ranges = ranges
    self.segments = segments
    self.bytes = bytes
  }

  /// The bytes at the start of each piece; the rest is zero.
  var contents: [[UInt8]] {
    zip(ranges, segments).map { range, segments in
      var content: [UInt8] = []
      for (memory, file) in segments where !file.isEmpty {
        let gap = Int(memory.start - range.start) - content.count
        content += repeatElement(0, count: gap)
        content += bytes[file]
      }
      return content
    }
  }

  private static func range(_ start: UInt64, _ size: UInt64) -> PhysicalRange {
    guard let range = PhysicalRange(start: start, size: size) else {
      preconditionFailure("a kernel that has a place fits there")
    }
    return range
  }
}
