// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A folder with a board's tree in it, and whatever a test puts beside it.
struct Workplace {
  let folder: TemporaryFolder
  /// The path of the tree: `board.dtb`, compiled from a source in `dts/`.
  let board: String

  init(_ source: String = "board") throws {
    try self.init(blob: Fixtures.blob(source))
  }

  init(blob: [UInt8]) throws {
    folder = try TemporaryFolder()
    board = folder / "board.dtb"
    try write(blob, to: board)
  }

  /// The path of a file in it.
  static func / (place: Workplace, name: String) -> String { place.folder / name }

  /// Compiles a source to a file in it.
  func compile(_ source: String, _ options: String..., to name: String) throws -> String {
    let blob = try run("dtc", ["-q", "-O", "dtb"] + options, input: Array(source.utf8)).output
    try write(blob, to: self / name)
    return self / name
  }

  /// Every file: kind, inode, size, mode, time, name and where a link leads. Equal when nothing was
  /// made, changed or left.
  func files() throws -> [String] {
    try run("find", [folder.path, "-mindepth", "1", "-printf", "%y %i %s %m %T@ %P %l\n"]).text
      .split(separator: "\n").map(String.init).sorted()
  }

  /// The names of all files.
  func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }
}

/// Seeds that a search can find.
enum GivenSeeds {
  static let kaslr = "0x1122334455667788"
  static let rng = "c0ffee00deadbeef"
  static let options = ["--kaslr-seed", kaslr, "--rng-seed", rng]
  /// The options for a tree without seeds, which the same input always makes the same.
  static let none = ["--kaslr-seed", "none", "--rng-seed", "none"]
}

/// The captured machine that is in the repository unpacked.
let capturedMachine = Fixtures.package + "/dts/machines/arm64-virt-6.12-kf"

/// Captured machines that take a tree by kexec.
let machinesWithTrees = [
  "arm64-virt-1g-6.1", "arm64-virt-2g-6.12-kf", "arm64-virt-6.12", "arm64-virt-6.12-kf",
  "arm64-virt-6g-highlow-6.12-kf", "arm64-virt-uefi-acpi-6.12", "arm64-virt-uefi-dt-6.12-kf",
  "riscv64-virt-6.12", "riscv64-virt-7.2-kf",
]

/// Runs `dtfix` with a list of arguments.
@discardableResult
func dtfix(_ arguments: [String], input: [UInt8] = []) throws -> ToolResult {
  try run(dtfixPath, arguments, input: input)
}

/// Runs a bash script, in which `$dtfix` is the program and `$1` and so on are the arguments.
@discardableResult
func shell(_ script: String, _ arguments: String...) throws -> ToolResult {
  try shell(script, arguments)
}

/// The same with a list of arguments.
@discardableResult
func shell(_ script: String, _ arguments: [String]) throws -> ToolResult {
  try run("bash", ["-c", "dtfix=$1; shift; " + script, "bash", dtfixPath] + arguments)
}

/// Reads a property with fdtget, which is not ours; nil when it is not there.
///
/// - Parameter type: of fdtget: `s` for strings, `x` for cells, `bx` for bytes.
func fdtget(_ tree: String, _ node: String, _ property: String, as type: String = "s") throws
  -> String?
{
  let result = try run("fdtget", ["-t", type, tree, node, property])
  return result.status == 0 ? String(result.text.dropLast()) : nil
}

/// The reservations of a tree, as dtc prints them: address and size.
func reservations(of tree: String) throws -> [String] {
  try run("dtc", ["-q", "-I", "dtb", "-O", "dts", tree]).text.split(separator: "\n")
    .filter { $0.hasPrefix("/memreserve/") }
    .map { $0.split { " \t;".contains($0) }.dropFirst().joined(separator: " ") }
}

/// Evaluates a Python expression on the JSON that a run printed, called `json` in it.
func python(_ expression: String, on result: ToolResult) throws -> String {
  let script = "import json as j, sys; json = j.load(sys.stdin); print(\(expression))"
  let answer = try run("python3", ["-c", script], input: result.output)
  return answer.status == 0 ? String(answer.text.dropLast()) : "not JSON: " + answer.errors
}

/// Expects that nothing was said and all went well.
func expectSilence(_ result: ToolResult, sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(result.status == 0, sourceLocation: sourceLocation)
  #expect(result.errors == "", sourceLocation: sourceLocation)
  #expect(result.output.count == 0, sourceLocation: sourceLocation)
}

/// Expects a failure: the exit code, nothing on standard output, one line that begins with the
/// program's name and says all of `parts`, and at most one line of advice.
func expectRefusal(
  _ result: ToolResult, _ status: Int32, _ parts: String...,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  expectRefusal(result, status, parts, sourceLocation)
}

/// Expects that the arguments are refused, and that help is pointed at.
func expectUsageError(
  _ result: ToolResult, _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation
) {
  expectRefusal(result, 64, parts, sourceLocation)
  #expect(result.errors.hasSuffix(" --help\n"), sourceLocation: sourceLocation)
}

private func expectRefusal(
  _ result: ToolResult, _ status: Int32, _ parts: [String], _ sourceLocation: SourceLocation
) {
  let lines = result.errors.split(separator: "\n", omittingEmptySubsequences: false)
  let line = lines.first ?? ""
  #expect(result.status == status, "\(result.errors)", sourceLocation: sourceLocation)
  #expect(result.output.count == 0, sourceLocation: sourceLocation)
  #expect(line.hasPrefix("dtfix: "), sourceLocation: sourceLocation)
  #expect(parts.filter { !line.contains($0) } == [], "\(line)", sourceLocation: sourceLocation)
  #expect(lines.last == "" && 2...3 ~= lines.count, sourceLocation: sourceLocation)
}
