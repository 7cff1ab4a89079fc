// SPDX-License-Identifier: Apache-2.0

import KernelImage
import PhysicalMemory

/// A kernel as a loader wants it: pieces of whole pages, apart from each other.
///
/// Segments of an ELF file that share a page are one piece; what is between them is zero.
struct KernelPieces {
  /// A piece: where it goes, and the bytes at its start; the rest is zero.
  struct Piece {
    let range: PhysicalRange
    let bytes: [UInt8]
  }

  let pieces: [Piece]

  /// - Parameters:
  ///   - image: the kernel.
  ///   - bytes: what its segments are ranges of.
  ///   - address: where it is loaded.
  init(_ image: KernelImage, _ bytes: [UInt8], at address: UInt64, _ pageSize: UInt64) {
    var pieces: [Piece] = []
    for segment in image.segments {
      guard let memory = PhysicalRange(start: address + segment.offset, size: segment.memorySize)
      else { continue }
      let pages = memory.roundedOutward(to: pageSize)
      let shared = pieces.popLast(ifEndingBehind: pages.start)
      let start = shared?.range.start ?? pages.start
      var content = shared?.bytes ?? []
      if !segment.file.isEmpty {
        content += [UInt8](repeating: 0, count: Int(memory.start - start) - content.count)
        content += bytes[segment.file]
      }
      if let range = PhysicalRange(start: start, end: pages.end) {
        pieces.append(Piece(range: range, bytes: content))
      }
    }
    self.pieces = pieces
  }
}

extension [KernelPieces.Piece] {
  /// Takes the last piece away if its bytes share a page with what follows; one that has nothing but
  /// zeros there gives up the page.
  fileprivate mutating func popLast(ifEndingBehind address: UInt64) -> KernelPieces.Piece? {
    guard let last, last.range.end > address else { return nil }
    removeLast()
    guard UInt64(last.bytes.count) <= address - last.range.start else { return last }
    if let rest = PhysicalRange(start: last.range.start, end: address) {
      append(KernelPieces.Piece(range: rest, bytes: last.bytes))
    }
    return nil
  }
}
