// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

/// libfdt 1.6.1 reads where `__local_fixups__` points without looking, and calls a bad place in
/// `__fixups__` a lack of space.
@Suite struct `An overlay that points outside itself` {
  static let base = "/dts-v1/; / { uart: serial { }; };"
  static let fragment = "fragment@0 { target = <0xffffffff>; __overlay__ { p = <1>; q { }; }; };"
  static let target = #"__fixups__ { uart = "/fragment@0:target:0"; };"#

  @Test(arguments: [
    // The place of a local reference in `p`, which has 4 bytes.
    "__local_fixups__ { fragment@0 { __overlay__ { p = <4>; }; }; };",
    "__local_fixups__ { fragment@0 { __overlay__ { p = <0x10000>; }; }; };",
    "__local_fixups__ { fragment@0 { __overlay__ { p = <0x7ffffff0>; }; }; };",
    "__local_fixups__ { fragment@0 { __overlay__ { p = <0 0xfffffffc>; }; }; };",
  ])
  func `by a local reference is refused`(fixups: String) throws {
    try refuse("\(`An overlay that points outside itself`.target) \(fixups)")
  }

  @Test(arguments: [
    "/fragment@0:target:4", "/fragment@0:target:1", "/fragment@0:target:65536",
    "/fragment@0/__overlay__:p:2147483644",
  ])
  func `by a reference to the tree is refused`(place: String) throws {
    try refuse("__fixups__ { uart = \"\(place)\"; };")
  }

  @Test func `at random is refused, or applied`() throws {
    let base = try DeviceTree(blob: Fixtures.compile(`Applying an overlay`.base, "-@"))
    let sources = `Applying an overlay`.overlays
    let overlays = try sources.map { try Fixtures.compile($0, "-@") }
    var random = SplitMix64(seed: 1)

    for number in 0..<2000 {
      var damaged = overlays[number % overlays.count]
      for _ in 0...random.next() % 3 {
        let place = Int.random(in: 56..<damaged.count, using: &random)
        damaged[place] = UInt8(random.next() % 256)
      }
      guard let overlay = try? DeviceTree(blob: damaged) else { continue }
      var tree = base
      do throws(DeviceTreeError) {
        try tree.apply(overlay: overlay)
        #expect(try DeviceTree(blob: tree.blob).root == tree.root)
      } catch {
        #expect(error.code != .noSpace)
        #expect(tree.blob == base.blob)
      }
    }
  }
}

/// Expects an overlay with these fix-ups to be refused, and the tree to stay as it was.
private func refuse(_ fixups: String) throws {
  var tree = try DeviceTree(
    blob: Fixtures.compile(`An overlay that points outside itself`.base, "-@"))
  let before = tree.blob
  let overlay = try DeviceTree(root: `An overlay that points outside itself`.fragment + fixups)

  let error = #expect(throws: DeviceTreeError.self) { try tree.apply(overlay: overlay) }

  #expect(error?.code == .badOverlay)
  #expect(tree.blob == before)
}
