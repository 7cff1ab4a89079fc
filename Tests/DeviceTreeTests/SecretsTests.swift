// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import JSONText
import Reports
import TestSupport
import Testing

@Suite struct `Hiding secrets` {
  static let secrets: Set = ["kaslr-seed", "rng-seed"]
  static let source = """
    chosen { kaslr-seed = <0xdead 0xbeef>; rng-seed = [de ad be ef 00]; bootargs = "quiet"; };
    other { rng-seed = "hush"; };
    """

  @Test func `leaves their sizes in the source and nothing else`() throws {
    let tree = try DeviceTree(root: Self.source)

    let text = tree.sourceText(hiding: Self.secrets)

    #expect(text.contains("kaslr-seed = [ /* 8 secret bytes */ ];"))
    #expect(text.contains("rng-seed = [ /* 5 secret bytes */ ];"))
    #expect(text.contains("bootargs = \"quiet\";"))
    for secret in ["dead", "beef", "de ad", "hush"] { #expect(!text.contains(secret)) }
  }

  @Test func `leaves source that dtc compiles`() throws {
    var tree = try DeviceTree(root: Self.source)

    let compiled = try DeviceTree(compiling: tree.sourceText(sorted: true, hiding: Self.secrets))

    for node in ["/chosen", "/other"] { try tree.setProperty("rng-seed", of: node, to: .empty) }
    try tree.setProperty("kaslr-seed", of: "/chosen", to: .empty)
    #expect(compiled.compared(with: tree).differences == [])
  }

  @Test func `leaves null in JSON`() throws {
    let tree = try DeviceTree(root: Self.source)

    let text = tree.json(hiding: Self.secrets).description

    #expect(text.contains("\"kaslr-seed\": null"))
    #expect(text.contains("\"rng-seed\": null"))
    #expect(text.contains("\"bootargs\": [\"quiet\"]"))
    for secret in ["57005", "48879", "dead", "hush"] { #expect(!text.contains(secret)) }
  }

  @Test func `shows a seed that the kernel wiped`() throws {
    let tree = try DeviceTree(root: "chosen { kaslr-seed = <0 0>; rng-seed; };")

    let text = tree.sourceText(hiding: Self.secrets)

    #expect(text.contains("kaslr-seed = <0x0 0x0>;"))
    #expect(text.contains("rng-seed;"))
    #expect(tree.json(hiding: Self.secrets) == tree.json())
  }

  @Test func `is not done without a request`() throws {
    let text = try DeviceTree(root: Self.source).sourceText()

    #expect(text.contains("kaslr-seed = <0xdead 0xbeef>;"))
    #expect(text.contains("rng-seed = \"hush\";"))
  }
}
