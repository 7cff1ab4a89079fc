// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Testing

@Suite struct `An error` {
  @Test(arguments: [
    (DeviceTreeError(.notFound), "no such node or property (FDT_ERR_NOTFOUND)"),
    (
      DeviceTreeError(.notFound, node: "/chosen"),
      "/chosen: no such node or property (FDT_ERR_NOTFOUND)"
    ),
    (
      DeviceTreeError(.badCells, node: "/", property: "#size-cells", value: 0),
      "/: property '#size-cells': 0x0: #address-cells and #size-cells must exist, each 1 or 2 "
        + "(FDT_ERR_BADNCELLS)"
    ),
    (
      DeviceTreeError(.badMagic, offset: 0, value: 0xedfe_0dd0),
      "offset 0x0: 0xedfe0dd0: a device tree blob starts with 0xd00dfeed (FDT_ERR_BADMAGIC)"
    ),
    (
      DeviceTreeError(.emptyReservation, value: 0x1000),
      "0x1000: a reservation of size 0 would end the list and hide all later ones"
    ),
    (
      DeviceTreeError(.tooDeep, offset: 560),
      "offset 0x230: nodes are nested deeper than the 63 levels that Linux reads"
    ),
    (DeviceTreeError(.init(rawValue: 99), node: "/a"), "/a: libfdt error 99"),
  ])
  func `is one line: the place, what was found, and the rule`(
    error: DeviceTreeError, line: String
  ) {
    #expect(error.description == line)
  }

  /// The numbers are those of libfdt.h, which is an ABI.
  @Test(
    arguments: [
      (.notFound, 1, "NOTFOUND"), (.exists, 2, "EXISTS"), (.noSpace, 3, "NOSPACE"),
      (.badPath, 5, "BADPATH"), (.badPhandle, 6, "BADPHANDLE"), (.truncated, 8, "TRUNCATED"),
      (.badMagic, 9, "BADMAGIC"), (.badVersion, 10, "BADVERSION"),
      (.badStructure, 11, "BADSTRUCTURE"), (.badLayout, 12, "BADLAYOUT"),
      (.badCells, 14, "BADNCELLS"), (.badValue, 15, "BADVALUE"), (.badOverlay, 16, "BADOVERLAY"),
    ] as [(DeviceTreeError.Code, Int32, String)])
  func `has the number and the name that libfdt gives it`(
    code: DeviceTreeError.Code, number: Int32, name: String
  ) {
    #expect(code.rawValue == number)
    #expect(code.description.hasSuffix("(FDT_ERR_\(name))"))
  }

  @Test(
    arguments: [
      .tooDeep, .badName, .lateProperty, .badTag, .emptyReservation, .wrappingRange, .staleExcerpt,
      .isRoot, .secondChild,
    ]
      as [DeviceTreeError.Code])
  func `has a number that libfdt will not use when it is ours`(code: DeviceTreeError.Code) {
    #expect(code.rawValue >= 1000)
    #expect(!code.description.contains("FDT_ERR"))
    #expect(!code.description.contains("libfdt error"))
  }
}
