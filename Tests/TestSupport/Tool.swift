// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What a program did.
public struct ToolResult: Sendable {
  /// The exit code; negative for the signal that ended it.
  public let status: Int32
  /// Standard output.
  public let output: [UInt8]
  /// Standard error.
  public let errors: String

  /// Standard output as text.
  public var text: String { String(decoding: output, as: UTF8.self) }
}

/// Runs a program of this machine and waits for it.
///
/// - Parameters:
///   - program: a name on the PATH, or a path with a slash.
///   - input: what it finds on standard input.
///   - output: a file that standard output goes to instead of the result.
@discardableResult
public func run(
  _ program: String, _ arguments: [String], input: [UInt8] = [], output: String? = nil,
  in folder: String? = nil
) throws -> ToolResult {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: program.contains("/") ? program : "/usr/bin/env")
  process.arguments = (program.contains("/") ? [] : [program]) + arguments
  if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }

  let files = try TemporaryFolder()
  try Data(input).write(to: URL(fileURLWithPath: files / "in"))
  for name in ["out", "err"] { try Data().write(to: URL(fileURLWithPath: files / name)) }
  process.standardInput = FileHandle(forReadingAtPath: files / "in")
  process.standardOutput = FileHandle(forWritingAtPath: output ?? files / "out")
  process.standardError = FileHandle(forWritingAtPath: files / "err")
  try process.run()
  process.waitUntilExit()
  return ToolResult(
    status: process.terminationReason == .exit
      ? process.terminationStatus : -process.terminationStatus,
    output: try Array(Data(contentsOf: URL(fileURLWithPath: files / "out"))),
    errors: try String(contentsOfFile: files / "err", encoding: .utf8))
}

/// Runs `dtfix`.
@discardableResult
public func dtfix(
  _ arguments: String..., input: [UInt8] = [], output: String? = nil
) throws -> ToolResult {
  try run(dtfixPath, arguments, input: input, output: output)
}

/// The `dtfix` under test: what `DTFIX` names, as `make test` does with the release build; otherwise the one
/// that was built with the tests.
public let dtfixPath = ProcessInfo.processInfo.environment["DTFIX"] ?? programs + "/dtfix"

/// Where the build put programs: beside the test bundle.
public let programs: String = {
  let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
  return URL(fileURLWithPath: tests).deletingLastPathComponent().path
}()

/// A folder that goes away with the value.
public final class TemporaryFolder: Sendable {
  /// Its path.
  public let path: String

  /// An empty folder.
  public init() throws {
    path = NSTemporaryDirectory() + "dtfix-test-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a file in it.
  public static func / (folder: TemporaryFolder, name: String) -> String {
    folder.path + "/" + name
  }
}

/// The bytes of a file.
public func contents(of path: String) throws -> [UInt8] {
  try Array(Data(contentsOf: URL(fileURLWithPath: path)))
}

/// Writes a file.
public func write(_ bytes: [UInt8], to path: String) throws {
  try Data(bytes).write(to: URL(fileURLWithPath: path))
}
