// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import PhysicalMemory

/// A number of bytes as people write it: `4 KiB`, `1.9 MiB`, `119 MiB`; at most eight characters.
func sizeText(_ size: UInt64) -> String {
  guard size >= 1024 else { return "\(size) B" }
  var value = Double(size) / 1024
  for unit in ["KiB", "MiB", "GiB", "TiB", "PiB"] {
    if value < 1023.5 { return "\(shortText(value)) \(unit)" }
    value /= 1024
  }
  return "\(shortText(value)) EiB"
}

/// A number with one decimal where that tells something.
private func shortText(_ value: Double) -> String {
  value < 99.95 ? number(value) : "\(value.nearest)"
}

extension String {
  /// The same in characters that take one column each and steer nothing: ASCII and Latin letters; all
  /// others as numbers. No more of it than fits a picture.
  func shown(limit: Int = 60) -> String {
    visible(limit: limit) { 0x20..<0x7f ~= $0.value || 0xc0..<0x250 ~= $0.value }
  }
}

extension MemoryPicture {
  /// `1.5 GiB of RAM, 192 MiB for a crash kernel, 5 segments of 38 MiB`.
  static func summary(of items: [Item]) -> String {
    func size(_ kinds: Kind...) -> UInt64 {
      PhysicalRangeSet(items.filter { kinds.contains($0.kind) }.map(\.range)).size
    }
    guard !items.isEmpty else { return "no memory is known" }
    var words = ["\(sizeText(size(.ram, .driverRAM))) of RAM"]
    let crash = size(.crash)
    if crash > 0 { words.append("\(sizeText(crash)) for a crash kernel") }
    let segments = items.count { $0.kind == .segment }
    if segments > 0 {
      words.append(
        "\(segments) \(segments == 1 ? "segment" : "segments"), \(sizeText(size(.segment)))")
    }
    return words.joined(separator: "; ")
  }
}
