// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `A node` {
  @Test(arguments: [
    ("/", "/"), ("/chosen", "/chosen"), ("/memory@200000", "/memory@200000"),
    ("/memory", "/memory@200000"), ("/cpus/cpu@100", "/cpus/cpu@100"),
    ("/cpus/cpu", "/cpus/cpu@0"), ("/soc/bus/i2c/pmic", "/soc/bus@fd880000/i2c@0/pmic@42"),
    ("serial0", "/soc/bus@fe000000/serial@650000"),
    ("ethernet0/mdio", "/soc/bus@fe000000/ethernet@1c0000/mdio"), ("/chosen/", "/chosen"),
    ("//soc//bus@fe000000/mmc", "/soc/bus@fe000000/mmc@2e0000"),
  ])
  func `is named by a path, with or without unit addresses, or by an alias`(
    name: String, path: String
  ) throws {
    let tree = try Fixtures.tree("board")

    #expect(tree.contains(name))
    #expect(try tree.fullPath(of: name) == path)
    #expect(try tree.properties(of: name) == tree.properties(of: path))
    #expect(try tree.children(of: name) == fdtget(tree.blob, ["-l"], path))
  }

  @Test(
    arguments: [
      ("/nothing", .notFound), ("/chosen/nothing", .notFound), ("/memory@0", .notFound),
      ("/mem", .notFound), ("/chose", .notFound), ("/chosen@0", .notFound),
      ("serial0/nothing", .notFound), ("serial9", .badPath), ("chosen", .badPath), ("", .badPath),
      ("memory@200000", .badPath),
    ] as [(String, DeviceTreeError.Code)])
  func `that is not there is an error that names it`(
    name: String, code: DeviceTreeError.Code
  ) throws {
    let error = DeviceTreeError(code, node: name)
    var tree = try Fixtures.tree("board")
    let blob = tree.blob

    #expect(!tree.contains(name))
    #expect(throws: error) { try tree.children(of: name) }
    #expect(throws: error) { try tree.descendants(of: name) }
    #expect(throws: error) { try tree.fullPath(of: name) }
    #expect(throws: error) { try tree.properties(of: name) }
    #expect(throws: error) { try tree.property("reg", of: name) }
    #expect(throws: error) { try tree.cellCounts(of: name) }
    #expect(throws: error) { try tree.setProperty("reg", of: name, to: .empty) }
    #expect(throws: error) { try tree.deleteProperty("reg", of: name) }
    #expect(throws: error) { try tree.addNode("new", to: name) }
    #expect(throws: error) { try tree.deleteNode(name) }
    #expect(tree.blob == blob)
  }

  @Test(arguments: try Fixtures.boards())
  func `stands where dtc prints it`(board: String) throws {
    let blob = try contents(of: board)
    let source = try run("dtc", ["-q", "-I", "dtb", "-O", "dts"], input: blob).text

    let paths = try DeviceTree(blob: blob).descendants(of: "/")

    #expect(paths == nodePaths(inSource: source))
    #expect(!paths.isEmpty)
  }

  @Test func `lists what is below it, itself not included`() throws {
    let tree = try Fixtures.tree("board")
    let all = try tree.descendants(of: "/")

    let gpio = try tree.descendants(of: "/soc/bus@fd880000")

    #expect(gpio == all.filter { $0.hasPrefix("/soc/bus@fd880000/") })
    #expect(gpio.count == 5)
    #expect(try tree.descendants(of: "serial0") == [])
    #expect(try tree.descendants(of: "ethernet0").first == tree.fullPath(of: "ethernet0") + "/mdio")
  }

  @Test func `may have a path of any length`() throws {
    var (tree, path) = (DeviceTree(), "")

    for level in 1...60 {
      let name = "node-with-a-rather-long-name@\(level)"
      try tree.addNode(name, to: path.isEmpty ? "/" : path)
      path += "/" + name
    }

    #expect(path.count > 1024)
    #expect(try tree.fullPath(of: path) == path)
    #expect(try tree.descendants(of: "/").last == path)
    #expect(try fdtget(tree.blob, ["-l"], path) == [])
  }
}

/// The paths of the nodes in what dtc prints, where a line that ends in `{` begins a node.
private func nodePaths(inSource source: String) -> [String] {
  var (paths, open): ([String], [Substring]) = ([], [])
  for line in source.split(separator: "\n") {
    if line.hasSuffix("};") { open.removeLast() }
    guard line.hasSuffix("{") else { continue }
    open.append(line.split { $0 == "\t" || $0 == " " }.dropLast().last ?? "")
    if open.count > 1 { paths.append("/" + open.dropFirst().joined(separator: "/")) }
  }
  return paths
}
