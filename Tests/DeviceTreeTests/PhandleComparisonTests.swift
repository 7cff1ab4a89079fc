// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `Comparing where phandles lead` {
  /// Ways to number the phandles of the board by hand; dtc counts from 1.
  static let numberings: [@Sendable (Int) -> UInt32] = [
    { UInt32($0) + 0x100 }, { UInt32(40 - $0) }, { 0xffff_fffe - UInt32($0) * 0x0101_0101 },
  ]

  @Test(arguments: numberings.indices)
  func `finds nothing between two numberings`(index: Int) throws {
    let source = try Fixtures.text("board")
    let one = try DeviceTree(compiling: source)

    let other = try DeviceTree(
      compiling: source.givingPhandles(Self.numberings[index]).text)

    #expect(one.compared(with: other, phandles: .byTarget).differences == [])
    #expect(other.compared(with: one, phandles: .byTarget).differences == [])
    #expect(one.compared(with: other).differences.count > 30)
  }

  @Test func `finds each reference that was turned to another node`() throws {
    let (numbered, count) = try Fixtures.text("board").givingPhandles { UInt32($0) + 0x100 }
    let one = try DeviceTree(compiling: Fixtures.text("board"))
    let tree = try DeviceTree(compiling: numbered)
    let phandles = 0x100..<0x100 + UInt32(count)
    var turned = 0

    for node in try tree.descendants(of: "/") {
      for property in try tree.properties(of: node) where property.name != "phandle" {
        guard var cells = property.value.cells,
          let place = cells.firstIndex(where: { phandles.contains($0) })
        else { continue }
        cells[place] =
          cells[place] == phandles.lowerBound ? phandles.upperBound - 1 : cells[place] - 1
        var other = tree
        try other.setProperty(property.name, of: node, to: .cells(cells))
        turned += 1

        let differences = one.compared(with: other, phandles: .byTarget).differences
        #expect(differences.map(\.property) == ["\(node):\(property.name)"])
      }
    }
    #expect(turned > 20)
  }

  /// Property, value, and cells that each target has: in every one the reference is `&a` or `&b`.
  static let references: [(name: String, value: String)] = [
    ("interrupt-parent", "<&a>"), ("memory-region", "<&b &a>"), ("phy-handle", "<&a>"),
    ("vin-supply", "<&a>"), ("pinctrl-0", "<&b &a>"), ("cpu", "<&a>"),
    ("clocks", "<&a 7>"), ("clocks", "<&b 7 &a 8>"), ("assigned-clock-parents", "<0 &a 7>"),
    ("reset-gpios", "<&a 7>"), ("gpios", "<&b 1 &a 2>"), ("cd-gpio", "<&a 7>"),
    ("interrupts-extended", "<&b 3 &a 4>"), ("msi-map", "<0 &a 0 1>"),
    ("iommu-map", "<0 &b 0 1 0 &a 0 1>"), ("interrupt-map", "<1 2 3 &b 9 4 1 2 3 &a 8 5>"),
    ("unknown", "<5 &a 6>"), ("interrupt-map", "<1 2 3 &a 7 6>"),
  ]

  @Test(arguments: references)
  func `follows a reference`(name: String, value: String) throws {
    let one = try DeviceTree(root: source(name, value, a: 0x55, b: 0x66))

    let renumbered = try DeviceTree(root: source(name, value, a: 0x1077, b: 0x1055))
    let swapped = value.replacing("&a", with: "&c").replacing("&b", with: "&a")
      .replacing("&c", with: "&b")
    let turned = try DeviceTree(root: source(name, swapped, a: 0x1077, b: 0x1055))

    #expect(one.compared(with: renumbered, phandles: .byTarget).differences == [])
    #expect(
      one.compared(with: turned, phandles: .byTarget).differences.map(\.property) == [
        "/user:\(name)"
      ])
  }

  @Test(arguments: references.filter { $0.name != "unknown" })
  func `finds a reference that leads elsewhere by the same number`(
    name: String, value: String
  ) throws {
    let one = try DeviceTree(root: source(name, value, a: 0x55, b: 0x66))

    // The same bytes everywhere but in the two nodes, which have each other's number.
    let turned = value.replacing("&a", with: "0x55").replacing("&b", with: "0x66")
    let other = try DeviceTree(root: source(name, turned, a: 0x66, b: 0x55))

    #expect(
      one.compared(with: other, phandles: .byTarget).differences.map(\.property) == [
        "/user:\(name)"
      ])
    #expect(one.compared(with: other).differences.map(\.property) == ["/a:phandle", "/b:phandle"])
  }

  /// 0x55 leads to the same node in the first tree as 0x1055 in the second one.
  @Test(arguments: [
    ("clocks", "<&a 0x55>", "<&a 0x1055>"), ("clocks", "<&a 7>", "<&a 8>"),
    ("gpios", "<&b 1 &a 0x55>", "<&b 1 &a 0x1055>"),
    ("msi-map", "<0x55 &a 0 1>", "<0x1055 &a 0 1>"),
    ("iommu-map", "<0 &b 0x55 1>", "<0 &b 0x1055 1>"),
    ("interrupt-map", "<1 2 0x55 &a 9 4>", "<1 2 0x1055 &a 9 4>"),
    ("interrupt-map", "<1 2 3 &a 9 0x55>", "<1 2 3 &a 9 0x1055>"),
  ])
  func `takes the numbers beside a reference for numbers`(
    name: String, value: String, otherValue: String
  ) throws {
    let one = try DeviceTree(root: source(name, value, a: 0x55, b: 0x66))

    let other = try DeviceTree(root: source(name, otherValue, a: 0x1055, b: 0x1066))

    #expect(
      one.compared(with: other, phandles: .byTarget).differences.map(\.property) == [
        "/user:\(name)"
      ])
  }

  /// Two nodes that can be referred to in every way, by one cell each, and one that refers to them.
  private func source(_ name: String, _ value: String, a: UInt32, b: UInt32) -> String {
    let counts = """
      #clock-cells = <1>; #gpio-cells = <1>; #interrupt-cells = <1>; #address-cells = <1>;
      """
    return """
      a: a { phandle = <\(a)>; \(counts) }; b: b { phandle = <\(b)>; \(counts) };
      user { #address-cells = <2>; #interrupt-cells = <1>; \(name) = \(value); };
      """
  }
}

extension TreeComparison.Difference {
  /// Node and name of a property that differs.
  var property: String? {
    guard case .property(let name, let node, _, _) = self else { return nil }
    return "\(node):\(name)"
  }
}

extension String {
  /// The source with a phandle in every labelled node, numbered from the first one on; and how many.
  func givingPhandles(_ number: (Int) -> UInt32) -> (text: String, count: Int) {
    var count = 0
    let lines = split(separator: "\n", omittingEmptySubsequences: false).map { line in
      guard line.hasSuffix("{"), line.contains(": ") else { return String(line) }
      count += 1
      return "\(line) phandle = <\(number(count - 1))>;"
    }
    return (lines.joined(separator: "\n"), count)
  }
}
