// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `An overlay` {
  private let base = """
    /dts-v1/;
    / {
      #address-cells = <1>; #size-cells = <1>;
      cpus {
        #address-cells = <1>; #size-cells = <0>;
        cpu@0 { device_type = "cpu"; compatible = "arm,cortex-a53"; reg = <0>; };
      };
      uart: serial@1000 { reg = <0x1000 0x100>; status = "disabled"; };
    };
    """
  private let overlay = """
    /dts-v1/; /plugin/;
    &uart { status = "okay"; order = "overlay"; peer = <&uart>; child { }; };
    """

  @Test func `is applied as fdtoverlay does`() throws {
    let place = try basePlace()
    let overlay = try place.compile(overlay, "-@", to: "on.dtbo")
    try run("fdtoverlay", ["-i", place.board, "-o", place / "expected.dtb", overlay])

    let result = try dtfix(
      ["--for-kexec", "-i", place.board, "--overlay", overlay, "-o", place / "next.dtb"]
        + GivenSeeds.none)
    try run("fdtput", ["-r", place / "next.dtb", "/chosen"])

    expectSilence(result)
    #expect(try fdtget(place / "next.dtb", "/serial@1000", "status") == "okay")
    #expect(
      try Fixtures.sortedSource(contents(of: place / "next.dtb"))
        == Fixtures.sortedSource(contents(of: place / "expected.dtb")))
  }

  @Test func `comes before settings, and they before deletions`() throws {
    let place = try basePlace()
    let overlay = try place.compile(overlay, "-@", to: "on.dtbo")

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--delete", "/serial@1000/child", "--set",
      "/serial@1000/child:a=b", "--set", "/serial@1000:order=set", "--overlay", overlay, "-o",
      place / "next.dtb")

    expectSilence(result)
    #expect(try fdtget(place / "next.dtb", "/serial@1000", "order") == "set")
    #expect(try run("fdtget", ["-l", place / "next.dtb", "/serial@1000"]).text == "")
  }

  @Test func `can follow another`() throws {
    let place = try basePlace()
    let first = try place.compile(overlay, "-@", to: "first.dtbo")
    let second = try place.compile(
      "/dts-v1/; /plugin/; &uart { order = \"second\"; };", "-@", to: "second.dtbo")

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--overlay", first, "--overlay", second, "-o",
      place / "next.dtb")

    expectSilence(result)
    #expect(try fdtget(place / "next.dtb", "/serial@1000", "order") == "second")
  }

  @Test func `is reported`() throws {
    let place = try basePlace()
    let overlay = try place.compile(overlay, "-@", to: "on.dtbo")

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--overlay", overlay, "--explain", "-o", "/dev/null")

    let told = result.errors.split(separator: "\n").filter {
      $0.hasSuffix(": by the overlay \(overlay)")
    }
    #expect(!told.isEmpty)
    #expect(told.contains { $0.hasPrefix("replaced /serial@1000: status ") })
  }

  @Test(arguments: ["", "chosen { };"])
  func `whose command line would be lost is refused`(chosen: String) throws {
    let place = try Workplace()
    _ = try place.compile(
      "/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; uart { };\n\(chosen) };",
      to: "base.dtb")
    let overlay = try place.compile(
      #"/dts-v1/; /plugin/; &{/} { chosen { bootargs = "mine"; }; };"#, "-@", to: "on.dtbo")
    let arguments = [
      "--for-kexec", "-i", place / "base.dtb", "--arch", "arm64", "--overlay", overlay,
    ]

    let refused = try dtfix(arguments + ["--command-line", "other", "-o", place / "next.dtb"])
    let inherited = try dtfix(arguments + ["--append", "more", "-o", place / "next.dtb"])

    expectRefusal(refused, 64, "/chosen: property 'bootargs'", "would be lost")
    expectSilence(inherited)
    #expect(try fdtget(place / "next.dtb", "/chosen", "bootargs") == "mine more")
  }

  @Test func `needs the symbols of its base`() throws {
    let place = try basePlace(symbols: false)
    let overlay = try place.compile(overlay, "-@", to: "on.dtbo")

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--overlay", overlay, "-o", place / "next.dtb")

    expectRefusal(result, 65)
    #expect(try place.names() == ["board.dtb", "on.dtbo"])
  }

  @Test func `that does not fit is named`() throws {
    let place = try basePlace(symbols: false)
    let overlay = try place.compile(overlay, "-@", to: "on.dtbo")

    let result = try dtfix("--for-kexec", "-i", place.board, "--overlay", overlay)

    expectRefusal(result, 65, overlay)
  }

  @Test func `that is none, but a whole tree, is refused`() throws {
    let place = try basePlace()
    try write(Fixtures.blob("board"), to: place / "whole.dtb")

    let result = try dtfix("--for-kexec", "-i", place.board, "--overlay", place / "whole.dtb")

    expectRefusal(result, 65, place / "whole.dtb")
  }

  @Test func `that is missing is named`() throws {
    let place = try basePlace()

    let result = try dtfix("--for-kexec", "-i", place.board, "--overlay", place / "on.dtbo")

    expectRefusal(result, 66, place / "on.dtbo")
  }

  @Test func `that is no tree is named`() throws {
    let place = try basePlace()
    try write(Array("no tree".utf8), to: place / "on.dtbo")

    let result = try dtfix("--for-kexec", "-i", place.board, "--overlay", place / "on.dtbo")

    expectRefusal(result, 65, place / "on.dtbo")
  }

  /// The base, with symbols or without.
  private func basePlace(symbols: Bool = true) throws -> Workplace {
    let options = ["-q", "-O", "dtb"] + (symbols ? ["-@"] : [])
    return try Workplace(blob: run("dtc", options, input: Array(base.utf8)).output)
  }
}
