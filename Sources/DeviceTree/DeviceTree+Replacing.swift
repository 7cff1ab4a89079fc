// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

extension DeviceTree {
  /// The tree with another root and other reservations; its boot CPU, and where it came from, stay.
  ///
  /// Takes time linear in the size of all, where edits one by one would move the rest each time.
  ///
  /// - Throws: ``DeviceTreeError/Code/badName``, ``DeviceTreeError/Code/tooDeep``, and
  ///   ``DeviceTreeError/Code/emptyReservation``.
  package func replacing(
    root: Node, reservations: [AddressAndSize]
  ) throws(DeviceTreeError) -> DeviceTree {
    var writer = StructureWriter()
    try writer.append(root, path: "", level: 1)
    writer.append(tag: .end)
    var entries: [UInt8] = []
    for entry in reservations {
      guard entry.size > 0 else { throw DeviceTreeError(.emptyReservation, value: entry.address) }
      entries.append(bigEndian: entry.address)
      entries.append(bigEndian: entry.size)
    }
    entries += [UInt8](repeating: 0, count: 16)
    var tree = self
    tree.replace(
      with: DeviceTree(
        try BlobAssembly(
          reservations: entries.span, structure: writer.structure.span,
          strings: writer.strings.span, headroom: Self.headroom, bootCPU: bootCPU)))
    return tree
  }
}
