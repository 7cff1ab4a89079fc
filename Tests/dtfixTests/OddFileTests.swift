// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// What may be in the place of a file: how it is made, and what it is called.
private let oddFiles = [
  ("mkfifo", "a pipe, not a regular file"), ("mkdir", "a folder, not a regular file"),
  ("ln -s /dev/zero", "a character device, not a regular file"),
  (
    "python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])'",
    "a socket, not a regular file"
  ),
]

@Suite struct `A file of a machine that is no regular file` {
  @Test(
    arguments: [
      (["--for-kexec"], "sys/firmware/fdt"), (["--for-kexec"], "proc/cmdline"),
      (["--for-kexec"], "proc/iomem"), (["--for-kexec"], "proc/kcore"),
      (["show"], "sys/firmware/fdt"), (["elfcorehdr"], "proc/iomem"),
      (["elfcorehdr"], "sys/kernel/vmcoreinfo"),
      (["elfcorehdr"], "sys/kernel/kexec/crash_cma_ranges"),
      (["elfcorehdr"], "sys/devices/system/cpu/cpu0/crash_notes"),
      (["elfcorehdr"], "sys/devices/system/cpu/cpu1/crash_notes_size"),
      (["check", "oracle/kernel-elfcorehdr.bin"], "proc/iomem"),
      (["check", "oracle/kernel-elfcorehdr.bin"], "sys/kernel/vmcoreinfo"),
    ], [0, 1])
  func `is refused in one line, and not waited for`(
    use: (command: [String], file: String), number: Int
  ) throws {
    // Each file is of two kinds, all kinds in turn.
    let (make, text) = oddFiles[number * 2 + use.file.utf8.count % 2]
    let place = try OddMachine(use.file, make)

    let result = try place.dtfix(use.command)

    expectRefusal(result, 66, "dtfix: ./\(use.file): \(text)")
  }

  @Test(arguments: oddFiles)
  func `is a note where the machine can do without it`(make: String, text: String) throws {
    let place = try OddMachine("proc/kcore", make)

    let result = try place.dtfix(["elfcorehdr", "--arch", "arm64", "-o", "core.hdr"])

    #expect(result.status == 0)
    #expect(result.errors.contains("note: ./proc/kcore: \(text)\n"))
  }
}

@Suite struct `A file that the user named` {
  @Test(arguments: [
    #""$dtfix" show <(cat board.dtb) | cmp - <("$dtfix" show board.dtb)"#,
    #"cat board.dtb >pipe & "$dtfix" show pipe | cmp - <("$dtfix" show board.dtb)"#,
    #""$dtfix" show /dev/stdin <board.dtb | cmp - <("$dtfix" show board.dtb)"#,
    #"cat board.dtb | "$dtfix" show /dev/stdin | cmp - <("$dtfix" show board.dtb)"#,
    #""$dtfix" diff <(sleep 0.1; cat board.dtb) <(cat board.dtb)"#,
    #"cat board.dtb >pipe & "$dtfix" diff board.dtb pipe"#,
    #""$dtfix" check --root machine <(cat core.hdr)"#,
    #"cat core.hdr >pipe & "$dtfix" check --root machine pipe"#,
    #""$dtfix" --for-kexec -i board.dtb --overlay <(cat overlay.dtbo) -o /dev/null"#,
  ])
  func `may be a pipe`(script: String) throws {
    let place = try Workplace()
    try shell(
      #"cd "$1"; mkfifo pipe; ln -s "$2" machine; cp machine/oracle/kernel-elfcorehdr.bin core.hdr"#,
      place.folder.path, capturedMachine)
    _ = try place.compile("/dts-v1/; /plugin/; &{/} { note = <1>; };", to: "overlay.dtbo")

    let result = try shell(#"cd "$1"; set -o pipefail; "# + script, place.folder.path)

    expectSilence(result)
  }

  @Test(arguments: [
    ["show", "in"], ["diff", "board.dtb", "in"], ["check", "in"], ["--for-kexec", "-i", "in"],
    ["--for-kexec", "-i", "board.dtb", "--overlay", "in"],
  ])
  func `is refused where it has no end, or is an empty folder`(command: [String]) throws {
    let place = try Workplace()

    try shell(#"cd "$1"; ln -s /dev/zero in"#, place.folder.path)
    let endless = try run(dtfixPath, command, in: place.folder.path)
    try shell(#"cd "$1"; rm in; mkdir in"#, place.folder.path)
    let folder = try run(dtfixPath, command, in: place.folder.path)

    expectRefusal(endless, 65, "dtfix: in: more than 64 MiB")
    switch command {
    case ["check", "in"]: expectRefusal(folder, 66, "dtfix: in/manifest: no such file")
    case _ where command.contains("--overlay"):
      expectRefusal(folder, 66, "dtfix: in: Is a directory")
    default: expectRefusal(folder, 65, "dtfix: in: it is empty")
    }
  }

  @Test func `takes no more memory than it may have`() throws {
    let script = """
      import resource, subprocess, sys
      subprocess.run(sys.argv[1:], stderr=subprocess.DEVNULL)
      print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10)
      """

    let result = try run("python3", ["-c", script, dtfixPath, "show", "/dev/zero"])

    let residentMiB = try #require(Int(result.text.filter(\.isNumber)))
    #expect((64..<128).contains(residentMiB))
  }
}

/// A copy of a captured machine with something odd in the place of a file.
private struct OddMachine {
  let folder: TemporaryFolder

  init(_ file: String, _ make: String) throws {
    folder = try TemporaryFolder()
    let script = """
      cp -r "$1"/. .; rm -f "$2"; mkdir -p "${2%/*}"; cd "${2%/*}"; \(make) "${2##*/}"
      """
    let result = try run("bash", ["-ec", script, "bash", capturedMachine, file], in: folder.path)
    try #require(result.status == 0, "\(result.errors)")
  }

  /// Runs `dtfix` on it, for 20 seconds at most; other signals are blocked in what a test runs.
  func dtfix(_ arguments: [String]) throws -> ToolResult {
    try run(
      "timeout", ["--signal=KILL", "20", dtfixPath] + arguments + ["--root", "."], in: folder.path)
  }
}
