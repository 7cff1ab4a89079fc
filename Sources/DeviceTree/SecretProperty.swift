// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// Properties whose bytes are never shown.
public enum SecretProperty {
  /// Their names, in any node.
  ///
  /// Seeds (`drivers/of/fdt.c:early_init_dt_scan_chosen`, `kaslr_early.c:get_kaslr_seed`), the passwords of
  /// powerpc's platform keystore (`arch/powerpc/platforms/pseries/plpks.c`) and of its firmware, the address
  /// of the keys of encrypted disks (`drivers/of/kexec.c`).
  public static let names: Set<String> = [
    "kaslr-seed", "rng-seed", "ibm,plpks-pw", "security-password", "linux,dmcryptkeys",
  ]

  /// Those that are zeroed in a capture: all but the address of the keys of disks. The keys themselves are
  /// elsewhere, and without this property the reservation of their memory could not be recognized.
  package static let notCaptured = names.subtracting(["linux,dmcryptkeys"])
}

extension DeviceTree {
  /// Zeroes the secrets of a blob, and all bytes outside of its blocks, where an earlier edit may have left
  /// a copy. Size and layout stay.
  ///
  /// - Parameter file: the blob; unchanged when an error is thrown.
  /// - Returns: the secrets by path, `/chosen:kaslr-seed`, and size, in the order of the tree.
  package static func wipeSecrets(
    in file: inout [UInt8]
  ) throws(DeviceTreeError) -> [(path: String, byteCount: Int)] {
    let blocks = try BlobBlocks(checking: file.span)
    let header = blocks.header
    var cursor = StructureCursor(header)
    var values: [Range<Int>] = []
    var secrets: [(path: String, byteCount: Int)] = []
    var names: [String] = []
    walk: while true {
      switch try cursor.next(in: file.span) {
      case .beginNode(let name): names.append(file.span.text(name))
      case .endNode: names.removeLast()
      case .end: break walk
      case .property(let name, let value):
        let rest = header.strings.lowerBound + name..<header.strings.upperBound
        let name = file.span.text(rest, until: 0)
        guard SecretProperty.notCaptured.contains(name) else { continue }
        // The padding may have secret bytes, too.
        values.append(value.lowerBound..<cursor.offset)
        let path = "/" + names.dropFirst().joined(separator: "/")
        secrets.append((path + ":" + name, value.count))
      }
    }
    let kept = [
      0..<min(40, header.totalSize), blocks.reservations, header.strings,
      header.structure.lowerBound..<blocks.structure.upperBound,
    ]
    var end = 0
    for block in kept.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      file.wipe(end..<max(end, block.lowerBound))
      end = max(end, block.upperBound)
    }
    file.wipe(end..<file.count)
    values.forEach { file.wipe($0) }
    return secrets
  }
}

extension [UInt8] {
  fileprivate mutating func wipe(_ range: Range<Int>) {
    for place in range { self[place] = 0 }
  }
}
