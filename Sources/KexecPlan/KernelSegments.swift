// SPDX-License-Identifier: Apache-2.0

import KernelImage
import KexecFacts
import PhysicalMemory

/// A kernel as kexec_load(2) takes it: segments of whole pages that do not overlap, in rising order.
///
/// Segments of an ELF file whose bytes share a page become one; what is between them is zero.
struct KernelSegments {
  /// The memory of the segments, and the bytes at its start; the rest is zero.
  private(set) var all: [(range: PhysicalRange, bytes: [UInt8])] = []

  /// - Parameters:
  ///   - image: the kernel.
  ///   - bytes: what its segments are ranges of.
  ///   - address: where it is loaded: all of it fits in front of 2^64.
  init(_ image: KernelImage, _ bytes: [UInt8], at address: UInt64, _ pageSize: UInt64) {
    for segment in image.segments {
      let memory = Self.range(address + segment.offset, segment.memorySize)
      var pages = memory.roundedOutward(to: pageSize)
      var content: [UInt8] = []
      if let last = all.last?.range, last.end > pages.start {
        // Taken out of the list, so that it is not copied to grow.
        swap(&content, &all[all.count - 1].bytes)
        all.removeLast()
        if last.start + UInt64(content.count) > pages.start {
          pages = Self.range(last.start, pages.end - last.start)
        } else {
          // The last segment has only zeros in the page that both are in: it gives it up.
          if last.start < pages.start {
            all.append((Self.range(last.start, pages.start - last.start), content))
          }
          content = []
        }
      }
      if !segment.file.isEmpty {
        content += repeatElement(0, count: Int(memory.start - pages.start) - content.count)
        content += bytes[segment.file]
      }
      all.append((pages, content))
    }
  }

  private static func range(_ start: UInt64, _ size: UInt64) -> PhysicalRange {
    guard let range = PhysicalRange(start: start, size: size) else {
      preconditionFailure("a kernel that has a place fits there")
    }
    return range
  }
}
