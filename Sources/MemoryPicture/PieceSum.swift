// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory

/// Pieces of one kind taken together.
struct PieceSum {
  let kind: MemoryPicture.Kind?
  /// Their name; nil when they have several.
  var name: String?
  var count = 0
  var size: UInt64 = 0

  /// The kinds of some pieces, the one with the most bytes first; holes last.
  static func sums(of pieces: ArraySlice<Piece>) -> [PieceSum] {
    var sums = ([nil] + MemoryPicture.Kind.allCases).map { PieceSum(kind: $0) }
    for piece in pieces {
      let index = piece.kind.map { $0.rawValue + 1 } ?? 0
      sums[index].add(piece)
    }
    return sums.filter { $0.size > 0 }.sorted {
      $1.kind == nil || $0.kind != nil && $0.size > $1.size
    }
  }

  private mutating func add(_ piece: Piece) {
    name = size == 0 || name == piece.name ? piece.name : nil
    count += piece.count
    size += piece.range.size
  }

  /// What they are: `System RAM`, `212 reserved pieces`.
  var text: String {
    switch (count, kind) {
    case (0...1, _): name?.shown() ?? kind?.name ?? ""
    case (_, nil): "\(count) holes"
    case (_, .ram), (_, .driverRAM): "\(count) pieces of RAM"
    case (_, .other): (name?.shown() ?? "other") + " (\(count) pieces)"
    case (_, .reserved): "\(count) reserved pieces"
    case (_, .kernel): "kernel in \(count) pieces"
    case (_, .crash): "\(count) pieces for crash kernels"
    case (_, .segment): "\(count) segments"
    }
  }

  /// What a sum of several kinds is: `System RAM (1.2 GiB), 12 reserved pieces (3.1 MiB), hole`.
  static func text(of sums: [PieceSum]) -> String {
    let whole = sizeText(sums.reduce(0) { $0 + $1.size })
    let texts = sums.prefix(3).map { sum in
      let size = sizeText(sum.size)
      return sum.kind == nil || size == whole ? sum.text : "\(sum.text) (\(size))"
    }
    return (texts + (sums.count > 3 ? ["more"] : [])).joined(separator: ", ")
  }
}
