// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

/// libfdt finds `name@0` by `name` and takes the first that fits, so a check must look where it does;
/// and it follows aliases of aliases in the tree.
@Suite struct `An overlay that hides what is wrong with it` {
  static let base = #"/dts-v1/; / { aliases { a = "a"; }; uart: serial { }; };"#

  /// An overlay with a value that libfdt would read far outside of, or write to.
  @Test(arguments: [
    // Fix-ups under another name.
    """
    fragment@0 { target-path = "/"; __overlay__ { p = <1>; }; };
    __local_fixups__@0 { fragment@0 { __overlay__ { p = <0x7ffffff0>; }; }; };
    """,
    // A target whose first namesake is shorter.
    """
    f@0 { target = <1>; __overlay__ { }; }; f { target = <1 2 3>; __overlay__ { }; };
    __fixups__ { uart = "/f:target:8"; };
    """,
    """
    f@0 { target = <1>; __overlay__ { }; };
    __fixups__@0 { uart = "/f@0:target:8"; };
    """,
    // An alias that leads to itself, in the tree.
    #"fragment@0 { target-path = "a"; __overlay__ { p; }; };"#,
    #"fragment@0 { target-path = "a/b"; __overlay__ { p; }; };"#,
    // A symbol of the tree that is such an alias.
    #"f { target = <1>; __overlay__ { }; }; __fixups__ { loop = "/f:target:0"; };"#,
  ])
  func `is refused`(source: String) throws {
    let base = try Fixtures.compile(`An overlay that hides what is wrong with it`.base, "-@")
    var tree = try DeviceTree(blob: base)
    try tree.setProperty("loop", of: "/__symbols__", to: .string("a"))
    let before = tree.blob
    let overlay = try DeviceTree(root: source)

    let error = #expect(throws: DeviceTreeError.self) { try tree.apply(overlay: overlay) }

    #expect(error?.code != .noSpace)
    #expect(tree.blob == before)
  }
}
