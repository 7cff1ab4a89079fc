// SPDX-License-Identifier: Apache-2.0

import Kexec
import TestSupport
import Testing

// These tests load, unload and execute nothing, whatever machine they run on: commands that reach a
// system call are never run, only what decides before.

/// The captured machine that is in the repository unpacked.
let capturedMachine = Fixtures.package + "/dts/machines/arm64-virt-6.12-kf"

/// A folder with a kernel and an initrd in it.
struct Workplace {
  let folder: TemporaryFolder
  let kernel: String
  let initrd: String

  init(kernel bytes: [UInt8] = KernelBuilder.arm64Image()) throws {
    folder = try TemporaryFolder()
    kernel = folder / "Image"
    initrd = folder / "initrd"
    try write(bytes, to: kernel)
    try write(Array("an initrd".utf8), to: initrd)
  }

  /// The path of a file in it.
  static func / (place: Workplace, name: String) -> String { place.folder / name }

  /// Has `dtfix` make a plan of the captured machine.
  func plan(forCrash: Bool = false) throws -> String {
    let result = try dtfix(
      "plan", forCrash ? "--for-crash" : "--for-kexec", "--root", capturedMachine, "--kernel",
      kernel, "-o", self / "plan")
    #expect(result.status == 0, "\(result.errors)")
    return self / "plan"
  }
}

/// Runs the loader.
func loader(_ arguments: String...) throws -> ToolResult {
  try run(programs + "/kexec-loader", arguments)
}

/// Expects a failure: the exit code, and at most two lines, the first of which says all of `parts`.
func expectRefusal(
  _ result: ToolResult, _ status: Int32, _ parts: String...,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let lines = result.errors.split(separator: "\n")
  let line = lines.first ?? ""
  #expect(result.status == status, "\(result.errors)", sourceLocation: sourceLocation)
  #expect(line.hasPrefix("kexec-loader: "), sourceLocation: sourceLocation)
  #expect(parts.filter { !line.contains($0) } == [], "\(line)", sourceLocation: sourceLocation)
  #expect(1...2 ~= lines.count, "\(result.errors)", sourceLocation: sourceLocation)
}
