// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import JSONText
import Reports
import TestSupport
import Testing

@Suite struct `A tree as JSON` {
  @Test(arguments: [
    ("/", "model", "s"), ("/", "compatible", "s"), ("/chosen", "bootargs", "s"),
    ("/chosen", "linux,initrd-start", "x"), ("/memory@200000", "reg", "x"),
    ("/soc/bus@fe000000/ethernet@1c0000", "local-mac-address", "bx"),
    ("/soc/bus@fe000000/ethernet@1c0000", "interrupt-names", "s"),
    ("/soc/interrupt-controller@fe600000", "interrupt-controller", "s"),
    ("/cpus/cpu@10000", "reg", "x"), ("/aliases", "serial0", "s"),
  ])
  func `says what fdtget says`(node: String, property: String, type: String) throws {
    let tree = try Fixtures.tree("board")

    let printed = try python(
      """
      node = tree["root"]
      for name in \(node.split(separator: "/").map(String.init)): node = node["children"][name]
      value = node["properties"]["\(property)"]
      if value is True: print("")
      elif isinstance(value, dict): print(" ".join("%x" % b for b in bytes.fromhex(value["bytes"])))
      else: print(" ".join(v if isinstance(v, str) else "%x" % v for v in value))
      """, tree)

    let expected = try run("fdtget", ["-t", type, "-", node, property], input: tree.blob)
    #expect(printed == expected.text)
  }

  @Test(arguments: Fixtures.sources)
  func `has every node and property in the order of the tree`(source: String) throws {
    let tree = try Fixtures.tree(source)

    let printed = try python(
      """
      def walk(path, node):
        for name in node["properties"]: print(path, name)
        for name, child in node["children"].items(): walk(path + "/" + name, child)
      walk("", tree["root"])
      """, tree)

    #expect(printed.split(separator: "\n").map(String.init) == names(of: tree.root, path: ""))
  }

  @Test func `has the boot CPU and the reservations`() throws {
    var tree = try Fixtures.tree("board")
    tree.bootCPU = 0xffff_ffff
    try tree.addReservation(AddressAndSize(address: 0xffff_0000_0000_0001, size: 3))

    let printed = try python(
      """
      print(tree["bootCPU"], *(r[k] for r in tree["reservations"] for k in ("address", "size")))
      """, tree)

    #expect(
      printed == "4294967295 0xa200000 0xe5d3f7 0x7ff00000 0x8000 0xffff000000000001 0x3\n")
  }

  @Test func `numbers what is there twice`() throws {
    let tree = try DeviceTree(
      root: Node(
        "",
        properties: [Property("p", .u32(1)), Property("q", .empty), Property("p", .string("a"))],
        children: [Node("n"), Node("p"), Node("n", properties: [Property("p", .empty)]), Node("n")])
    )

    let properties: JSON = ["p": [.number(1)], "q": true, "p#2": ["a"]]
    let none: JSON = ["properties": .object([]), "children": .object([])]
    let third: JSON = ["properties": ["p": true], "children": .object([])]
    let children: JSON = ["n": none, "p": none, "n#2": third, "n#3": none]
    #expect(
      tree.json() == [
        "bootCPU": .number(0), "reservations": .array([]),
        "root": ["properties": properties, "children": children],
      ])
  }

  @Test(arguments: try Fixtures.boards())
  func `of a board is read by another parser`(board: String) throws {
    let tree = try DeviceTree(blob: contents(of: board))

    let printed = try python(
      """
      def count(node): return 1 + sum(map(count, node["children"].values()))
      print(count(tree["root"]))
      """, tree)

    #expect(printed == "\(try tree.descendants(of: "/").count + 1)\n")
  }

  /// What a script prints about `tree`, the JSON form as Python reads it.
  private func python(_ script: String, _ tree: DeviceTree) throws -> String {
    let result = try run(
      "python3", ["-c", "import json, sys\ntree = json.load(sys.stdin)\n" + script],
      input: Array("\(tree.json())".utf8))
    #expect(result.status == 0, "\(result.errors)")
    return result.text
  }

  private func names(of node: Node, path: String) -> [String] {
    node.properties.map { "\(path) \($0.name)" }
      + node.children.flatMap { names(of: $0, path: path + "/" + $0.name) }
  }
}
