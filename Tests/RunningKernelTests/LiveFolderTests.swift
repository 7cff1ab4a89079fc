// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Foundation
import Kexec
import RunningKernel
import SystemPackage
import TestSupport
import Testing

@Suite struct `The folder of a live tree` {
  @Test func `is the tree, in order, with nothing made up`() throws {
    let folder = try liveFolder(someRoot)

    let live = try LiveTree(folder: folder)

    #expect(live.tree.root == someRoot)
    #expect(live.tree.reservations == [])
    #expect(live.tree.bootCPU == 0)
    #expect(live.boot == nil)
    #expect(live.bootError == nil)
  }

  @Test(
    arguments: [
      "mkfifo odd", "ln -s /dev/zero odd", "ln -s . odd", "ln -s soc odd", "ln -s nowhere odd",
      "ln -s chosen/bootargs odd", "ln -s odd odd", "ln -s .. soc/odd; ln -s ../soc chosen/odd",
      "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"odd\")'",
    ])
  func `is read without what is no folder and no regular file`(make: String) throws {
    let folder = try liveFolder(someRoot)
    let made = try run("bash", ["-ec", make], in: folder.path)
    try #require(made.status == 0, "\(made.errors)")

    #expect(try LiveTree(folder: folder).tree.root == someRoot)
    #expect(try LiveTree(tarOf: folder).tree.root == someRoot)
  }

  @Test func `may be a link itself, as /proc/device-tree is`() throws {
    let folder = try liveFolder(someRoot)
    let place = try TemporaryFolder()
    try run("ln", ["-s", folder.path, place / "link"])

    #expect(try LiveTree(folder: FilePath(place / "link")).tree.root == someRoot)
  }

  @Test(arguments: [31, 32, 63, 255])
  func `has names of any length that a file has`(length: Int) throws {
    var root = someRoot
    let name = String(repeating: "n", count: length)
    root.children.append(
      Node(name, properties: [Property("p" + name.dropFirst(), .empty)]))
    let folder = try liveFolder(root)

    let live = try LiveTree(folder: folder)

    #expect(live.tree.root.child(name)?.properties.map(\.name.utf8.count) == [length])
    #expect(try LiveTree(tarOf: folder).tree == live.tree)
  }

  @Test(arguments: [0, 1, 4096, 65535, 65536, 65537, 300_000, 16 << 20])
  func `has properties of any size`(size: Int) throws {
    var root = someRoot
    var bytes = [UInt8](repeating: 0xa5, count: size)
    for place in stride(from: 0, to: size, by: 4093) { bytes[place] = UInt8(place / 4093 & 0xff) }
    root.properties.append(Property("large", PropertyValue(bytes: bytes)))
    let folder = try liveFolder(root)

    let live = try LiveTree(folder: folder)

    #expect(try live.tree.property("large", of: "/")?.bytes == bytes)
    #expect(try LiveTree(tarOf: folder).tree == live.tree)
  }

  @Test func `is read without believing sizes`() throws {
    // Files of /proc claim to be empty, as security-* properties do.
    let folder = FilePath("/proc/self/net/stat")

    let names = try TreeFolder(path: folder, limit: 1 << 20).root().properties

    #expect(!names.isEmpty)
    #expect(names.allSatisfy { !$0.value.bytes.isEmpty })
  }

  @Test func `ends at the limit`() throws {
    let folder = try liveFolder(
      Node("", properties: [Property("p", PropertyValue(bytes: [1, 2]))]))
    // Two names, and what is made up as the root's.
    let size = "p".utf8.count + 2 + "name".utf8.count + 1

    let place = FilePath(folder.path)
    #expect(throws: Never.self) { try TreeFolder(path: place, limit: size).root() }
    #expect(throws: MachineError.tooLarge(place, limit: size - 1)) {
      try TreeFolder(path: place, limit: size - 1).root()
    }
  }

  @Test func `is 63 levels deep at most`() throws {
    let folder = try TemporaryFolder()
    // A program that goes down step by step: no path may be so long.
    let script = "import os, sys\nfor _ in range(int(sys.argv[1])): os.mkdir('n'); os.chdir('n')"
    func deepen(_ levels: Int) throws {
      try run("rm", ["-rf", folder / "n"])
      try #require(
        try run("python3", ["-c", script, "\(levels)"], in: folder.path).status == 0)
    }
    let place = FilePath(folder.path)
    try write([1], to: folder / "p")

    try deepen(62)
    let deepest = try LiveTree(folder: folder).tree
    #expect(try deepest.descendants(of: "/").count == 62)
    #expect(try LiveTree(tarOf: folder).tree == deepest)

    for levels in [63, 1000] {
      try deepen(levels)
      let path = String(repeating: "/n", count: 63)
      #expect(
        throws: MachineError.malformedTree(place, DeviceTreeError(.tooDeep, node: path))
      ) { try LiveTree(folder: folder) }
      let error = #expect(throws: MachineError.self) { try LiveTree(tarOf: folder) }
      guard case .malformedTree(_, let reason) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(reason.code == .tooDeep)
    }
  }

  @Test(arguments: [
    ("$'tab\\there'", false), ("$'caf\\xc3\\xa9'", false), ("$'\\xff'", true), ("$'\\x7f'", true),
  ])
  func `is refused for a name that no blob can have`(name: String, isFolder: Bool) throws {
    let folder = try liveFolder(someRoot)
    try run("bash", ["-ec", (isFolder ? "mkdir" : "touch") + " soc/" + name], in: folder.path)

    for read in [{ try LiveTree(folder: folder) }, { try LiveTree(tarOf: folder) }] {
      let error = #expect(throws: MachineError.self) { try read() }
      guard case .malformedTree(_, let reason) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(reason.code == .badName)
      #expect(reason.node?.hasPrefix("/soc") == true)
      #expect((reason.property == nil) == isFolder)
    }
  }

  @Test func `is refused when there is nothing in it, or none`() throws {
    let folder = try TemporaryFolder()
    let (place, missing) = (FilePath(folder.path), FilePath(folder / "missing"))

    #expect(throws: MachineError.emptyTree(place)) { try LiveTree(folder: folder) }
    #expect(throws: MachineError.missing(missing, advice: .noLiveTree)) {
      try LiveTree(folder: missing)
    }
    #expect(throws: MachineError.emptyTree("tree.tar")) { try LiveTree(tarOf: folder) }
  }
}

@Suite struct `A live tree that changes while it is read` {
  @Test(arguments: [
    "mkdir soc/new", "rmdir soc/old", "touch soc/new", "rm compatible", "mv soc elsewhere",
    "echo 2 >new; mv new compatible", "rm compatible; mkdir compatible", "rm -r soc",
    "cp chosen/bootargs x; mv x chosen/bootargs",
  ])
  func `is read again, and is one tree`(change: String) throws {
    let folder = try liveFolder(someRoot)
    try run("mkdir", [folder / "soc/old"])
    var attempts: [Int] = []

    let root = try TreeFolder(path: FilePath(folder.path), limit: 1 << 20).root { attempt in
      attempts.append(attempt)
      if attempt == 1 { _ = try? run("bash", ["-ec", change], in: folder.path) }
    }

    #expect(attempts == [1, 2])
    #expect(try root == TreeFolder(path: FilePath(folder.path), limit: 1 << 20).root())
  }

  @Test func `is given up after some attempts`() throws {
    let folder = try liveFolder(someRoot)
    let place = FilePath(folder.path)
    var attempts = 0

    #expect(throws: MachineError.unsteady(place, attempts: 3)) {
      try TreeFolder(path: place, limit: 1 << 20).root(attempts: 3) { attempt in
        attempts += 1
        _ = try? run("mkdir", [folder / "soc/\(attempt)"])
      }
    }

    #expect(attempts == 3)
  }

  @Test func `under a loop of changes is one of its states, or is refused`() throws {
    let folder = try liveFolder(someRoot)
    // A folder with two files that belong together comes and goes.
    let script = """
      for n in $(seq 150); do
        mkdir new; echo $n >new/one; echo $n >new/two; mv new soc/pair
        mv soc/pair old; rm -r old
      done
      """
    let writer = Thread { _ = try? run("bash", ["-c", script], in: folder.path) }
    writer.start()
    var reads = 0

    while !writer.isFinished {
      do {
        let root = try TreeFolder(path: FilePath(folder.path), limit: 1 << 20).root()
        let pair = root.child("soc")?.child("pair")
        #expect(pair?["one"] == pair?["two"])
        reads += 1
      } catch MachineError.unsteady {
        reads += 1
      }
    }

    #expect(reads > 0)
  }
}
