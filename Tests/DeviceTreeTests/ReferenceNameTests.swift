// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

/// Properties whose names only look like references, and references that look like numbers.
@Suite struct `Comparing where phandles lead, by name` {
  /// From the trees of TI boards in `Tests/Fixtures`.
  @Test(arguments: [
    "pinctrl-single,pins = <0x55 0x66>;", "pinctrl-single,function-mask = <0x55>;",
    "pinctrl-single,register-width = <0x55>;", "pinctrl-single,bits = <0 0x55 0x66>;",
    "pinctrl-pin-array = <0x55>;",
  ])
  func `leaves numbers alone`(property: String) throws {
    let one = try DeviceTree(
      root: "a { phandle = <0x55>; }; b { phandle = <0x66>; }; user { \(property) };")
    let other = try DeviceTree(
      root: "a { phandle = <0x66>; }; b { phandle = <0x55>; }; user { \(property) };")

    #expect(one.compared(with: other, phandles: .byTarget).differences == [])
  }

  /// A missing `#msi-cells` means 0: `drivers/of/irq.c:of_msi_get_domain`, and `dtc`'s `checks.c`.
  @Test func `follows msi-parent to a controller without cells`() throws {
    let one = try DeviceTree(
      root: "a { phandle = <0x55>; }; b { phandle = <0x66>; }; user { msi-parent = <0x55>; };")
    let other = try DeviceTree(
      root: "a { phandle = <0x66>; }; b { phandle = <0x55>; }; user { msi-parent = <0x55>; };")

    let differences = one.compared(with: other, phandles: .byTarget).differences

    #expect(differences.map(\.property) == ["/user:msi-parent"])
  }
}
