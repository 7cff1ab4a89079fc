// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kexec
import TestSupport
import Testing

@Suite struct `crashkernel-setup` {
  @Test(arguments: ["sh", "dash"])
  func `is a script for every shell`(shell: String) throws {
    let result = try run(shell, ["-n", Boot.script])

    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
  }

  @Test func `plans, checks and loads, and leaves nothing behind`() throws {
    let boot = try Boot()

    let result = try boot.run("load")

    #expect(result.status == 0, "\(result.errors)")
    #expect(result.text == "crashkernel-setup: loaded \(boot / "vmlinuz")\n")
    let calls = try boot.calls().map { $0.replacing(/\S*\/run\/\S*/, with: "PLAN") }
    let root = boot.folder.path + "/"
    #expect(
      calls == [
        "dtfix plan --for-crash --root \(root) --kernel \(boot / "vmlinuz") --append nr_cpus=1 a  b -o PLAN",
        "drwx------", "dtfix check --root \(root) PLAN", "kexec-loader load-crash --plan PLAN",
      ])
    #expect(try FileManager.default.contentsOfDirectory(atPath: boot / "run") == [])
  }

  @Test(arguments: [
    ("dtfix plan", "no plan can be made"), ("dtfix check", "the plan is not good"),
    ("kexec-loader load-crash", "cannot be loaded"), ("loads nothing", "does not know of it"),
  ])
  func `says which step failed, and leaves nothing behind`(step: String, part: String) throws {
    let boot = try Boot(failingAt: step)

    let result = try boot.run("load")

    #expect(result.status == 1)
    #expect(result.errors.contains(part), "\(result.errors)")
    #expect(try contents(of: boot / "sys/kernel/kexec_crash_loaded") == Array("0\n".utf8))
    #expect(try FileManager.default.contentsOfDirectory(atPath: boot / "run") == [])
  }

  @Test func `needs memory that is set apart`() throws {
    let boot = try Boot()
    try write(Array("0\n".utf8), to: boot / "sys/kernel/kexec_crash_size")

    let result = try boot.run("load")

    #expect(result.status == 1)
    #expect(result.errors.contains("boot with crashkernel="))
    #expect(try boot.calls() == [])
  }

  @Test func `unloads, and tells what is loaded`() throws {
    let boot = try Boot()
    try boot.run("load")
    let loaded = try boot.run("status")

    let result = try boot.run("unload")

    #expect(loaded.status == 0 && loaded.text.hasSuffix("crash kernel: loaded\n"))
    #expect(result.status == 0, "\(result.errors)")
    let unloaded = try boot.run("status")
    #expect(unloaded.status == 3 && unloaded.text.hasSuffix("crash kernel: not loaded\n"))
  }

  @Test(arguments: [[], ["reload"]])
  func `tells how it is used`(arguments: [String]) throws {
    let result = try Boot().run(arguments)

    #expect(result.status == 64 && result.errors.hasPrefix("usage: "))
  }

  @Test func `tries everything but the load on a captured machine`() throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try run("mkdir", [place / "machine/run"])

    let result = try run(
      "env",
      [
        "PATH=\(programs):/usr/bin:/bin", "CONFIG=", "ROOT=\(place / "machine")",
        "KERNEL=\(place.kernel)", "INITRD=", Boot.script, "test",
      ])

    #expect(result.status == 0, "\(result.errors)")
    #expect(result.text.contains("\nelfcorehdr "))
    #expect(result.text.hasSuffix("\nnothing was loaded\n"))
  }
}

/// A machine that is only files, with a `dtfix` and a `kexec-loader` that only write down how they were
/// called, and act on the files.
private struct Boot {
  static let script = Fixtures.package + "/Examples/crashkernel-setup"

  let folder: TemporaryFolder

  static func / (boot: Boot, name: String) -> String { boot.folder / name }

  /// - Parameter step: the beginning of the call that fails.
  init(failingAt step: String = "none") throws {
    folder = try TemporaryFolder()
    try TestSupport.run("mkdir", ["-p", "bin", "run", "sys/kernel"], in: folder.path)
    for (file, text) in [
      "sys/kernel/kexec_crash_loaded": "0\n", "sys/kernel/kexec_crash_size": "201326592\n",
      "vmlinuz": "a kernel", "calls": "", "bin/logger": "#!/bin/sh\n",
      "config": "KERNEL=\(folder / "vmlinuz")\nINITRD=\nAPPEND='nr_cpus=1 a  b'\n",
      "bin/dtfix": """
      #!/bin/sh
      echo "dtfix $*" >> \(folder / "calls")
      case $1 in plan) ls -ld \(folder.path)/run/* | cut -c 1-10 >> \(folder / "calls") ;; esac
      case "dtfix $1" in "\(step)") exit 1 ;; esac

      """,
      "bin/kexec-loader": """
      #!/bin/sh
      echo "kexec-loader $*" >> \(folder / "calls")
      case "kexec-loader $1" in "\(step)") exit 1 ;; esac
      case "$1\(step)" in
        load-crashnone) echo 1 ;;
        *) echo 0 ;;
      esac > \(folder / "sys/kernel/kexec_crash_loaded")

      """,
    ] {
      try write(Array(text.utf8), to: folder / file)
    }
    try TestSupport.run("chmod", ["-R", "+x", folder / "bin"])
  }

  @discardableResult
  func run(_ arguments: String...) throws -> ToolResult { try run(arguments) }

  func run(_ arguments: [String]) throws -> ToolResult {
    let settings = [
      "PATH=\(folder / "bin"):/usr/bin:/bin", "CONFIG=\(folder / "config")", "ROOT=\(folder.path)",
    ]
    return try TestSupport.run("env", settings + [Self.script] + arguments)
  }

  /// How the programs were called, and what mode the folder of the plan had.
  func calls() throws -> [String] {
    String(decoding: try contents(of: folder / "calls"), as: UTF8.self).split(separator: "\n")
      .map(String.init)
  }
}
