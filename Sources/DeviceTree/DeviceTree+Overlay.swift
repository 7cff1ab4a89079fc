// SPDX-License-Identifier: Apache-2.0

internal import CLibFDT

extension DeviceTree {
  /// Applies an overlay (`.dtbo`), as `fdtoverlay` does.
  ///
  /// All or nothing: when it fails, the tree is as before.
  ///
  /// - Throws: ``DeviceTreeError/Code/notFound`` when the overlay names a label that the tree's
  ///   `__symbols__` do not have (or there are none: trees built without `dtc -@`), and
  ///   ``DeviceTreeError/Code/badOverlay``.
  public mutating func apply(overlay: DeviceTree) throws(DeviceTreeError) {
    let symbols = contains("/__symbols__") ? try properties(of: "/__symbols__") : []
    try OverlayCheck(overlay.root, symbols: symbols).run()
    var base = self
    while true {
      // libfdt scratches both blobs when it fails, so each try has its own copies.
      var (target, fragments) = (base, overlay)
      let result = target.withMutablePointer { target in
        fragments.withMutablePointer { fragments in
          unsafe fdt_overlay_apply(target, fragments)
        }
      }
      if result == -FDT_ERR_NOSPACE {
        try base.grow()
        continue
      }
      guard result == 0 else { throw DeviceTreeError(.init(rawValue: -result)) }
      // An overlay may nest deeper than a tree may.
      _ = try target.withBytes { (blob) throws(DeviceTreeError) in
        try BlobBlocks(checking: blob)
      }
      return replace(with: target)
    }
  }
}
