// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import ELF
import Foundation
import Kexec
import TestSupport
import Testing

@Suite struct `An architecture` {
  @Test func `is known from every board with CPUs`() throws {
    let names = ["arm64-6.12": "aarch64", "armhf-6.12": "armv7l", "riscv64-6.12": "riscv64"]

    for path in try Fixtures.boards() where path.hasSuffix(".dtb") {
      let tree = try DeviceTree(blob: contents(of: path))
      let folder = try #require(names.keys.first { path.contains("/\($0)/") })
      #expect(Architecture(describedBy: tree)?.name == names[folder], "\(path)")
    }
  }

  @Test(arguments: [
    ("qemu-arm64-virt", "aarch64"), ("qemu-riscv64-virt", "riscv64"),
    ("qemu-ppc64-pseries", "ppc64le"),
  ])
  func `is known from our sources`(name: String, architecture: String) throws {
    #expect(Architecture(describedBy: try source(name))?.name == architecture)
  }

  @Test func `is unknown from a tree without CPUs`() throws {
    #expect(Architecture(describedBy: try source("acpi-stub")) == nil)
    #expect(Architecture(describedBy: DeviceTree()) == nil)
  }

  @Test(arguments: [
    "aarch64", "arm64", "riscv64", "ppc64le", "ppc64", "armv7l", "armv6l", "armv8l", "loongarch64",
    "other",
  ])
  func `has the names people use`(name: String) {
    #expect(Architecture(named: name) != nil)
  }

  @Test(arguments: ["", "x86", "ARM64", "mips"])
  func `has no other names`(name: String) {
    #expect(Architecture(named: name) == nil)
  }

  @Test func `is found by its machine, which no other one has`() {
    for architecture in Architecture.all.dropLast() {
      #expect(architecture.machine.flatMap(Architecture.init) == architecture)
    }
    #expect(Set(Architecture.all.map(\.machine)).count == Architecture.all.count)
    #expect(Architecture(Machine.x86) == nil)
    #expect(Architecture.other.machine == nil)
  }

  /// The list in the comment at `Architecture`: riscv64 is named in the code of no other file.
  @Test func `is named where its documentation says so`() throws {
    let (always, special) = try documentedFiles()
    let sources = always.filter { $0.hasPrefix("Sources/") }
    let here = sources.map { file in
      ["RISCV64", "RISCV"].map { file.replacing("X", with: $0) }.first(where: exists) ?? file
    }

    #expect(Set(here) == Set(try sourceFiles().filter(namesRISCV)))
    for file in always where !sources.contains(file) {
      let text = try? String(contents: file)
      #expect(text?.contains("riscv64") ?? exists(file.replacing("X", with: "riscv64")))
    }
    for file in special {
      #expect(["ARM64", "PPC64"].contains { exists(file.replacing("X", with: $0)) }, "\(file)")
    }
    #expect(sources.count > 3 && special.count > 1)
  }
}

@Suite struct `The page ARCHITECTURE.md` {
  @Test func `names files that exist`() throws {
    let files = try String(contents: "ARCHITECTURE.md")
      .matches(of: #/`((?:Sources|Tests)/[^`]*)`/#).map { String($0.1) }

    #expect(files.filter { !exists($0) } == [])
    #expect(files.count > 30)
  }

  @Test func `names functions that are in their files`() throws {
    let functions = try String(contents: "ARCHITECTURE.md")
      .matches(of: #/`\w+\.(\w+)`,? in\s+`([^`]*)`/#).map { (String($0.1), String($0.2)) }

    let missing = try functions.filter { name, file in
      let declaration = name == "init" ? "init(" : "func \(name)("
      return try !String(contents: file).contains(declaration)
    }
    #expect(missing.map { "\($0.0) in \($0.1)" } == [])
    #expect(functions.count > 14)
  }

  @Test func `names all modules, in the order of their dependencies`() throws {
    let page = try String(contents: "ARCHITECTURE.md")
    let modules = page.split(separator: "## The flow")[0].matches(of: #/(?m)^\| (`[^|]*`) \|/#)
      .flatMap { $0.1.matches(of: #/`(\w+)`/#).map { String($0.1) } }
    let manifest = try String(contents: "Package.swift")
    let folders = Set(try sourceFiles().compactMap { $0.split(separator: "/").dropFirst().first })

    #expect(Set(modules) == Set(folders.map(String.init)).subtracting(["Kexec"]))
    for (number, module) in modules.enumerated() {
      let target = manifest.firstMatch(
        of: try Regex("library\\(\\s*\"\(module)\",\\s*\\[([^\\]]*)\\]"))
      let dependencies = target.map { "\($0.output[1].substring ?? "")" } ?? ""
      for later in modules[number...] {
        #expect(!dependencies.contains("\"\(later)\""), "\(module) uses \(later)")
      }
    }
  }
}

/// The files that a new architecture touches, and those that only one does that differs from most.
private func documentedFiles() throws -> (always: [String], special: [String]) {
  let comment =
    try String(contents: "Sources/KexecRules/Architecture.swift")
    .split(separator: "public struct").first ?? ""
  let lists = comment.split(separator: "where it differs")
    .map { $0.matches(of: #/^/// - `(.+)`:/#.anchorsMatchLineEndings()).map { String($0.1) } }
  return (try #require(lists.first), try #require(lists.dropFirst().first))
}

/// The Swift files under `Sources`, from the package's folder on.
private func sourceFiles() throws -> [String] {
  try FileManager.default.subpathsOfDirectory(atPath: Fixtures.package + "/Sources")
    .filter { $0.hasSuffix(".swift") }.map { "Sources/" + $0 }
}

/// Whether there is code for it: comments and texts do not count, nor do the kernel's own files.
private func namesRISCV(_ file: String) throws -> Bool {
  try String(contents: file).split(separator: "\n").contains { line in
    guard line.contains("riscv") || line.contains("RISCV") else { return false }
    let code = line.replacing(#/"[^"]*"|//.*/#, with: "")
    return code.contains(#/\.riscv|(case|let|var|func) riscv|RISCV/#)
  }
}

private func exists(_ file: String) -> Bool {
  FileManager.default.fileExists(atPath: Fixtures.package + "/" + file)
}

extension String {
  /// The text of a file of the package.
  fileprivate init(contents file: String) throws {
    try self.init(contentsOfFile: Fixtures.package + "/" + file, encoding: .utf8)
  }
}
