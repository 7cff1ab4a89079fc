// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Foundation
import Kexec
import RunningKernel
import SystemPackage
import TestSupport
import Testing

/// All captured machines.
private let machines = [
  "arm64-virt-1g-6.1", "arm64-virt-2g-6.12-kf", "arm64-virt-6.12", "arm64-virt-6.12-kf",
  "arm64-virt-6g-highlow-6.12-kf", "arm64-virt-uefi-acpi-6.12", "arm64-virt-uefi-dt-6.12-kf",
  "riscv64-virt-6.12", "riscv64-virt-7.2-kf", "pseries-6.12", "pseries-7.2-kf", "x86_64-q35-6.1",
  "x86_64-q35-6g-high-6.1", "x86_64-q35-la57-6.12", "x86_64-q35-hotplug-6.12",
]

private func kernel(_ folder: TemporaryFolder) -> RunningKernel {
  RunningKernel(root: FilePath(folder.path))
}

private func capture(_ folder: TemporaryFolder) throws -> Capture {
  try kernel(folder).capture(version: "1.2.3")
}

/// A folder with these files in it, and the folders they need.
private func machine(_ files: [String: [UInt8]]) throws -> TemporaryFolder {
  let folder = try TemporaryFolder()
  for (name, bytes) in files {
    let place = URL(fileURLWithPath: folder / name).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    try write(bytes, to: folder / name)
  }
  return folder
}

/// The folder that tar unpacks a capture to.
private func unpacked(_ capture: Capture) throws -> TemporaryFolder {
  let folder = try TemporaryFolder()
  let result = try run("tar", ["-x", "-C", folder.path], input: capture.archive)
  guard result.status == 0 else { throw ToolError(errors: result.errors) }
  return folder
}

@Suite struct `A capture` {
  /// Each fact by itself: those of the crash are what /proc/kcore told, which is only a part of itself now.
  @Test(arguments: machines)
  func `has the facts that the machine has`(name: String) throws {
    let machine = RunningKernel(root: FilePath(try Fixtures.machine(name)))

    let folder = try unpacked(machine.capture(version: "1.2.3"))
    let copy = kernel(folder)
    defer { withExtendedLifetime(folder) {} }

    #expect(try copy.architectureName() == machine.architectureName())
    #expect(try copy.pageSize() == machine.pageSize())
    #expect(try copy.commandLine() == machine.commandLine())
    #expect(try copy.memoryMap() == machine.memoryMap())
    #expect(try copy.firmwareMemoryMap() == machine.firmwareMemoryMap())
    #expect(try copy.core() == machine.core())
    #expect(try copy.cpuNotes() == machine.cpuNotes())
    #expect(try copy.possibleCPUCount() == machine.possibleCPUCount())
    #expect(try copy.vmcoreinfoNote() == machine.vmcoreinfoNote())
    #expect(try copy.crashRegions() == machine.crashRegions())
    #expect(try copy.crashCMARanges() == machine.crashCMARanges())
    #expect(try copy.firmwareMemory() == machine.firmwareMemory())
    #expect(try copy.kernelMemory() == machine.kernelMemory())
    #expect(try copy.pageTableName() == machine.pageTableName())
    let trees = [copy, machine].map { try? DeviceTree(blob: $0.flatTree()) }
    #expect(trees[0] == trees[1])
    #expect(trees[0]?.sourceSize == trees[1]?.sourceSize)
    #expect((trees[0] == nil) == name.hasPrefix("x86"))
    #expect((try? copy.liveTree())?.tree == (try? machine.liveTree())?.tree)
  }

  @Test(arguments: ["arm64-virt-6.12", "pseries-7.2-kf", "x86_64-q35-6.1"])
  func `of a capture is the same`(name: String) throws {
    let first = try RunningKernel(root: .init(Fixtures.machine(name))).capture(version: "1.2.3")

    let second = try capture(unpacked(first))

    #expect(second == first)
    #expect(second.archive == first.archive)
  }

  /// What is read elsewhere must be saved here: each path of a file below /proc or /sys that the sources
  /// spell is put into a folder, and has to come out again.
  @Test func `has every file that the sources name`() throws {
    let listed = [
      // Folders, whose files are spelled elsewhere; the archive of a folder.
      "proc/device-tree", "sys/firmware/devicetree/base", "sys/devices/system/cpu",
      "sys/firmware/memmap", "sys/kernel", "sys/kernel/kexec", "proc/sys/kernel",
      // The open files of this process; only for those who ask for it.
      "proc/self/fd",
      "sys/kernel/security/ima/binary_runtime_measurements",
    ]
    let named = try sourcePaths().subtracting(listed)
    let folder = try machine(
      Dictionary(uniqueKeysWithValues: named.map { ($0, contents(for: $0)) }))

    let saved = Set(try capture(folder).entries.map(\.path))

    #expect(named.count > 12)
    #expect(named.subtracting(saved) == [])
  }

  /// What a file must have so that it is saved.
  private func contents(for path: String) -> [UInt8] {
    switch path {
    case "sys/firmware/fdt": DeviceTree().blob
    case "proc/kcore":
      (try? TestSupport.contents(of: Fixtures.machine("arm64-virt-6.12") + "/proc/kcore")) ?? []
    default: Array("1\n".utf8)
    }
  }

  private func sourcePaths() throws -> Set<String> {
    var paths: Set<String> = []
    for folder in ["Sources", "Examples"] {
      let base = Fixtures.package + "/" + folder
      let files = FileManager.default.enumerator(atPath: base)?.allObjects as? [String] ?? []
      for file in files where file.hasSuffix(".swift") {
        // Of most lines no expression is needed to see that they spell no path.
        let lines = try String(contentsOfFile: base + "/" + file, encoding: .utf8)
          .split(separator: "\n").filter { $0.contains("proc/") || $0.contains("sys/") }
        for line in lines {
          paths.formUnion(
            line.matches(of: #/"/?((?:proc|sys)/[a-z0-9_/-]+?)/?"/#).map { String($0.1) })
        }
      }
    }
    return paths
  }

  @Test func `has the files of CPUs, of firmware memory and of kexec`() throws {
    let files = [
      "sys/devices/system/cpu/cpu0/crash_notes", "sys/devices/system/cpu/cpu17/crash_notes_size",
      "sys/firmware/memmap/3/type", "sys/kernel/kexec/loaded", "sys/kernel/kexec_crash_size",
      "proc/sys/kernel/kexec_load_limit_panic",
    ]
    let others = [
      "sys/devices/system/cpu/cpufreq/x", "sys/kernel/uevent_seqnum", "sys/kernel/kexec/a b",
      "proc/sys/kernel/hostname", "proc/self", "etc/shadow",
    ]
    let folder = try machine(
      Dictionary(uniqueKeysWithValues: (files + others).map { ($0, Array("1\n".utf8)) }))

    let saved = try capture(folder)

    #expect(saved.entries.map(\.path).sorted() == (files + ["capture"]).sorted())
    #expect(saved.unread == [])
  }

  @Test func `has the measurement list only on request`() throws {
    let list = "sys/kernel/security/ima/binary_runtime_measurements"
    let folder = try machine([list: [1, 2, 3], "proc/iomem": []])

    let with = try kernel(folder).capture(version: "1", measurements: true)

    #expect(try capture(folder).entries.map(\.path) == ["capture", "proc/iomem"])
    #expect(with.entries.contains { $0.path == list && $0.bytes == [1, 2, 3] })
  }

  @Test func `is useful with a tree or with memory`() throws {
    let memory = Array("00000000-3fffffff : System RAM\n".utf8)
    let hidden = Array("00000000-00000000 : System RAM\n".utf8)

    #expect(try capture(machine(["proc/iomem": memory])).isUseful)
    #expect(try capture(machine(["sys/firmware/fdt": DeviceTree().blob])).isUseful)
    #expect(try capture(machine(["proc/device-tree/compatible": [0x61, 0]])).isUseful)
    #expect(try !capture(machine(["proc/iomem": hidden, "proc/cmdline": memory])).isUseful)
    #expect(try !capture(machine([:])).isUseful)
  }

  @Test func `of hidden addresses says so, and has the names`() throws {
    let hidden = Array("00000000-00000000 : System RAM\n".utf8)

    let saved = try capture(machine(["proc/iomem": hidden]))

    #expect(saved.unread.map(\.path) == ["proc/iomem"])
    #expect(saved.unread.first?.isForRoot == true)
    #expect(saved.entries.contains { $0.path == "proc/iomem" && $0.bytes == hidden })
  }
}

@Suite struct `The file of a capture` {
  private let start = "dtfix-capture 1\ndtfix 0.1.0\n"

  @Test func `tells what no other file tells`() throws {
    let text = start + "arch riscv64\npage-size 16384\nunread proc/kcore permission denied\n"
    let folder = try machine(["capture": Array(text.utf8)])

    #expect(try kernel(folder).architectureName() == "riscv64")
    #expect(try kernel(folder).pageSize() == 16384)
  }

  @Test func `gives way to /proc/kcore`() throws {
    let core = try contents(of: Fixtures.machine("arm64-virt-6.12") + "/proc/kcore")
    let text = start + "arch riscv64\npage-size 16384\n"
    let folder = try machine(["capture": Array(text.utf8), "proc/kcore": core])

    #expect(try kernel(folder).architectureName() == "aarch64")
    #expect(try kernel(folder).pageSize() == 4096)
  }

  @Test func `has a line for each fact`() throws {
    let folder = try machine([
      "capture": Array((start + "arch riscv64\npage-size 4096\n").utf8),
      "proc/device-tree/chosen/kaslr-seed": [1, 2, 3, 4], "proc/iomem/folder": [],
    ])

    let saved = try capture(folder)

    let file = try #require(saved.entries.first { $0.path == Capture.factsPath }?.bytes)
    #expect(
      String(decoding: file, as: UTF8.self) == """
        dtfix-capture 1
        dtfix 1.2.3
        arch riscv64
        page-size 4096
        secret proc/device-tree/chosen/kaslr-seed 4
        unread proc/iomem a folder, not a regular file

        """)
  }

  @Test(arguments: [
    ("", 1), ("dtfix-capture 2\ndtfix 0.1.0\n", 2), ("dtfix-plan 1\n", 1), ("dtfix-capture 1\n", 2),
    ("dtfix-capture 1\ndtfix 1\npage-size\n", 3), ("dtfix-capture 1\ndtfix 1\narch \n", 3),
    ("dtfix-capture 1\ndtfix 1\npage-size 4097\n", 3),
    ("dtfix-capture 1\ndtfix 1\npage-size 0\n", 3),
    ("dtfix-capture 1\ndtfix 1\npage-size -4096\n", 3),
    ("dtfix-capture 1\ndtfix 1\npage-size 99999999999999999999\n", 3),
    ("dtfix-capture 1\ndtfix 1\npage-size 4096\narch x\n", 4),
    ("dtfix-capture 1\ndtfix 1\nsecret a\n", 3), ("dtfix-capture 1\ndtfix 1\nsecret a b c\n", 3),
    ("dtfix-capture 1\ndtfix 1\nunread a\n", 3), ("dtfix-capture 1\ndtfix 1\nunread  a\n", 3),
    ("dtfix-capture 1\ndtfix 1\n\n", 3), ("dtfix-capture 1\ndtfix 1\nnonsense 1\n", 3),
    ("\u{0}\u{ff}", 1),
  ])
  func `is refused by its line when it is malformed`(text: String, line: Int) throws {
    let folder = try machine(["capture": Array(text.utf8)])
    let place = FilePath(folder / "capture")

    let error = #expect(throws: MachineError.self) { try capture(folder) }
    guard let error, case .malformedLine(place, let number, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(number == max(1, min(line, number)) && number >= line - 1)
    #expect(throws: KexecError(error)) { try kernel(folder).pageSize() }
    #expect(throws: KexecError(error)) { try kernel(folder).architectureName() }
  }

  @Test func `is none where a folder has its name`() throws {
    let folder = try machine(["capture/x": []])

    #expect(try kernel(folder).pageSize() == nil)
  }
}
