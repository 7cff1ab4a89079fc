// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `Applying an overlay` {
  static let base = """
    /dts-v1/; /memreserve/ 1 2;
    / {
      compatible = "base";
      soc: soc { uart: serial@1 { status = "disabled"; }; clk: clock { #clock-cells = <0>; }; };
      user { clocks = <&clk>; };
    };
    """

  static let overlays = [
    #"/dts-v1/; /plugin/; &uart { status = "okay"; current-speed = <115200>; };"#,
    "/dts-v1/; /plugin/; &soc { new: gpio@2 { clocks = <&clk>; }; led { gpios = <&new>; }; };",
    #"/dts-v1/; /plugin/; &{/} { model = "new"; soc { serial@1 { child { }; }; }; };"#,
    #"/dts-v1/; /plugin/; &uart { status; }; &clk { a; b { c; }; }; &{/user} { d = <&uart>; };"#,
  ]

  @Test(arguments: overlays)
  func `does what fdtoverlay does`(source: String) throws {
    let base = try Fixtures.compile(Self.base, "-@", "-b", "4")
    let overlay = try Fixtures.compile(source, "-@")
    let files = try TemporaryFolder()
    try write(base, to: files / "base.dtb")
    try write(overlay, to: files / "overlay.dtbo")
    let result = try run(
      "fdtoverlay", ["-i", "base.dtb", "-o", "out.dtb", "overlay.dtbo"], in: files.path)
    #expect(result.status == 0, "\(result.errors)")
    var tree = try DeviceTree(blob: base)

    try tree.apply(overlay: DeviceTree(blob: overlay))

    let expected = try contents(of: files / "out.dtb")
    #expect(tree.compared(with: try DeviceTree(blob: expected)).differences == [])
    #expect(try Fixtures.sortedSource(tree.blob) == Fixtures.sortedSource(expected))
    #expect(tree.bootCPU == 4)
    #expect(tree.sourceSize == base.count)
  }

  @Test func `can be done many times`() throws {
    let base = try Fixtures.compile(Self.base, "-@")
    var tree = try DeviceTree(blob: base)

    for source in Self.overlays {
      try tree.apply(overlay: DeviceTree(blob: Fixtures.compile(source, "-@")))
    }

    #expect(try fdtget(tree.blob, [], "/", "model") == ["new"])
    #expect(try fdtget(tree.blob, ["-l"], "/soc") == ["led", "gpio@2", "serial@1", "clock"])
    let phandle = try tree.property("phandle", of: "/soc/gpio@2")
    #expect(try tree.property("gpios", of: "/soc/led") == phandle)
  }

  static let missingLabel = DeviceTreeError(.notFound, node: "/__symbols__", property: "nothing")

  @Test(arguments: [
    ("/plugin/; &nothing { };", missingLabel),
    ("/plugin/; &uart { gone; }; &nothing { };", missingLabel),
    ("/plugin/; &{/nothing} { };", DeviceTreeError(.notFound)),
    ("/ { f { target = <0x777>; __overlay__ { }; }; };", DeviceTreeError(.notFound)),
    ("/ { f { target = <0xffffffff>; __overlay__ { }; }; };", DeviceTreeError(.badPhandle)),
    ("/ { f { target = <1 2>; __overlay__ { }; }; };", DeviceTreeError(.badPhandle)),
    (
      #"/ { f { target-path = "/"; __overlay__ { p; q { }; }; }; __fixups__ { uart; }; };"#,
      DeviceTreeError(.badOverlay, node: "/__fixups__", property: "uart")
    ),
  ])
  func `leaves the tree as it was when it fails`(source: String, error: DeviceTreeError) throws {
    var tree = try DeviceTree(blob: Fixtures.compile(Self.base, "-@"))
    let before = tree.blob
    let overlay = try DeviceTree(blob: Fixtures.compile("/dts-v1/; " + source, "-@"))
    let overlayBefore = overlay.blob

    #expect(throws: error) { try tree.apply(overlay: overlay) }

    #expect(tree.blob == before)
    #expect(overlay.blob == overlayBefore)
    #expect(try fdtget(tree.blob, [], "/soc/serial@1", "status") == ["disabled"])
  }

  @Test func `needs the symbols of the tree`() throws {
    let boards = try Fixtures.boards()
    let board = try #require(boards.first { $0.hasSuffix("/rk3588-rock-5b.dtb") })
    let overlay = try #require(boards.first { $0.hasSuffix("/rk3588-rock-5b-pcie-ep.dtbo") })
    var tree = try DeviceTree(blob: contents(of: board))
    let before = tree.blob

    let error = #expect(throws: DeviceTreeError.self) {
      try tree.apply(overlay: DeviceTree(blob: contents(of: overlay)))
    }

    #expect(!tree.contains("/__symbols__"))
    #expect(error?.code == .notFound)
    #expect(tree.blob == before)
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `survives whatever the overlay says`(seed: UInt64) throws {
    let base = try DeviceTree(blob: Fixtures.compile(Self.base, "-@"))
    let overlay = try Fixtures.compile(Self.overlays[2])
    var random = SplitMix64(seed: seed)
    var (applied, refused) = (0, 0)

    for _ in 0..<100 {
      var damaged = overlay
      for _ in 0...Int(random.next() % 3) {
        damaged[Int.random(in: 56..<damaged.count, using: &random)] = UInt8(random.next() % 128)
      }
      guard let fragments = try? DeviceTree(blob: damaged) else { continue }
      var tree = base
      do throws(DeviceTreeError) {
        try tree.apply(overlay: fragments)
        applied += 1
        #expect(try DeviceTree(blob: tree.blob).root == tree.root)
      } catch {
        refused += 1
        #expect(tree.blob == base.blob)
      }
    }
    #expect(applied > 0)
    #expect(refused > 0)
  }
}
