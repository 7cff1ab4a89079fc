// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Foundation
import RunningKernel
import SystemPackage
import TestSupport
import Testing

private func capture(_ folder: TemporaryFolder) throws -> Capture {
  try RunningKernel(root: FilePath(folder.path)).capture(version: "1.2.3")
}

@Suite struct `What cannot be read` {
  @Test(arguments: [
    ("mkfifo proc/iomem", "proc/iomem", "a pipe"),
    ("mkdir proc/cmdline", "proc/cmdline", "a folder"),
    ("ln -s version proc/version", "proc/version", "symbolic links"),
    ("ln -s /dev/zero proc/version", "proc/version", "a character device"),
    ("truncate -s 1M proc/cmdline; echo >> proc/cmdline", "proc/cmdline", "more than 1 MiB"),
    ("truncate -s 100M proc/iomem", "proc/iomem", "more than 64 MiB"),
    ("truncate -s 100M sys/firmware/fdt", "sys/firmware/fdt", "more than 64 MiB"),
    ("printf '%64s' no ELF file > proc/kcore", "proc/kcore", "offset 0x0"),
    (
      "(printf '\\177ELF\\001\\001'; head -c 58 /dev/zero) > proc/kcore", "proc/kcore", "offset 0x4"
    ),
    ("mkfifo sys/firmware/fdt", "sys/firmware/fdt", "a pipe"),
    ("echo no blob > sys/firmware/fdt", "sys/firmware/fdt", "FDT_ERR_BADMAGIC"),
    ("echo no archive > proc-device-tree.tar", "proc/device-tree", "end"),
    (
      "mkdir -p sys/kernel; ln -s kexec_b sys/kernel/kexec_a; ln -s kexec_a sys/kernel/kexec_b",
      "sys/kernel/kexec_a", "symbolic links"
    ),
  ])
  func `is reported, and the rest is there`(script: String, path: String, reason: String) throws {
    let folder = try machineFolder([:])
    try run("bash", ["-c", script], in: folder.path)
    try run("mkdir", ["-p", folder / "sys/devices/system/cpu"])
    try write(Array("0-3\n".utf8), to: folder / "sys/devices/system/cpu/possible")

    let saved = try capture(folder)

    let found = try #require(saved.unread.first { $0.path == path })
    #expect(found.reason.contains(reason))
    #expect(!found.isForRoot)
    #expect(saved.entries.contains { $0.path == "sys/devices/system/cpu/possible" })
    #expect(!saved.entries.contains { $0.path == path })
  }

  @Test func `in a live tree is passed over`() throws {
    let folder = try machineFolder([:])
    let script = #"""
      mkdir -p proc/device-tree/soc/empty; cd proc/device-tree; printf 'a\0' > compatible
      ln -s ../soc soc/loop; ln -s . itself; ln -s /etc/passwd soc/passwd; mkfifo pipe
      printf x > $'new\nline'; mkdir $'soc/\e[31m'; printf x > 'a%b c'; printf x > soc/$'\xff\xfe'
      """#
    try run("bash", ["-c", script], in: folder.path)

    let saved = try capture(folder)

    let tree = saved.entries.filter { $0.path.hasPrefix("proc/device-tree") }
    #expect(
      tree.map(\.path) == [
        "proc/device-tree/a%b c", "proc/device-tree/compatible", "proc/device-tree/soc/empty",
      ])
    #expect(tree.map { $0.bytes == nil } == [false, false, true])
    #expect(
      saved.unread.map(\.path).sorted() == [
        "proc/device-tree/new%0aline", "proc/device-tree/soc/%1b[31m",
        "proc/device-tree/soc/%ef%bf%bd%ef%bf%bd",
      ])
    let lines = try #require(saved.entries.first { $0.path == "capture" }?.bytes).split(
      separator: 10)
    #expect(lines.count == 5)
    #expect(lines.allSatisfy { $0.allSatisfy { $0 >= 0x20 } })
  }

  @Test func `in a live tree is what is too deep`() throws {
    let folder = try machineFolder([:])
    let deep = (0..<70).map { _ in "d" }.joined(separator: "/")
    try run("mkdir", ["-p", folder / "proc/device-tree/" + deep])
    try write([1], to: folder / "proc/device-tree/compatible")

    let saved = try capture(folder)

    #expect(saved.unread.count == 1)
    #expect(saved.unread.first?.reason.contains("deep") == true)
    #expect(saved.entries.contains { $0.path.hasSuffix("d/d") && $0.bytes == nil })
  }

  @Test func `because it grows is taken as far as it was`() throws {
    let folder = try machineFolder(["proc/version": Array("start\n".utf8)])
    let writer = Process()
    writer.executableURL = URL(fileURLWithPath: "/bin/bash")
    writer.arguments = [
      "-c", "for i in {1..5000}; do echo more; done >> '\(folder / "proc/version")'",
    ]
    try writer.run()

    let saved = try capture(folder)
    writer.waitUntilExit()

    let bytes = try #require(saved.entries.first { $0.path == "proc/version" }?.bytes)
    let whole = try contents(of: folder / "proc/version")
    #expect(bytes.starts(with: "start\n".utf8))
    #expect(whole.starts(with: bytes) && whole.count == 25_006)
  }

  @Test func `of /proc/kcore is a head that was cut short`() throws {
    let core = try contents(of: Fixtures.machine("arm64-virt-6.12") + "/proc/kcore")
    // The notes end here, by readelf.
    let end = 0x190 + 0x222c
    for size in [0, 1, 63, 64, 100, 0x190, 0x200, end - 1] {
      let saved = try capture(machineFolder(["proc/kcore": Array(core.prefix(size))]))

      #expect(saved.unread.map(\.path) == ["proc/kcore"])
    }
    #expect(try capture(machineFolder(["proc/kcore": Array(core.prefix(end))])).unread == [])
  }

  @Test func `of /proc/kcore is a head without end`() throws {
    var core = try contents(of: Fixtures.machine("arm64-virt-6.12") + "/proc/kcore")
    core.replaceSubrange(72..<80, with: [0, 0, 0, 0, 0, 4, 0, 0])

    let saved = try capture(machineFolder(["proc/kcore": core]))

    #expect(saved.unread.map(\.path) == ["proc/kcore"])
  }
}

@Suite struct `A capture as an archive` {
  @Test func `has names of any length and shape`() throws {
    let folder = try machineFolder([:])
    let names = [
      String(repeating: "n", count: 255), "a b", "-r", "#size-cells", "~", "a'b\"c", "x",
    ]
    let deep = (0..<60).map { _ in String(repeating: "d", count: 60) }.joined(separator: "/")
    try run("mkdir", ["-p", folder / "proc/device-tree/" + deep])
    for name in names {
      try write([1, 2, 3], to: folder / "proc/device-tree/" + name)
      try write(Array(name.utf8), to: folder / "proc/device-tree/\(deep)/x" + name.prefix(200))
    }

    let saved = try capture(folder)
    let copy = try TemporaryFolder()
    let result = try run("tar", ["-x", "-C", copy.path], input: saved.archive)

    #expect(result.errors == "")
    let trees = [copy, folder].map { $0 / "proc/device-tree" }
    #expect(try run("diff", ["-r"] + trees).status == 0)
    #expect(try run("find", [trees[0], "-type", "f"]).text.split(separator: "\n").count == 14)
    #expect(try capture(copy).archive == saved.archive)
  }

  @Test func `is sorted, root's and of 1970`() throws {
    let saved = try capture(
      machineFolder(["proc/iomem": [], "proc/cmdline": [10], "sys/firmware/fdt": DeviceTree().blob])
    )

    let listing = try run("tar", ["-tv", "--utc", "--full-time"], input: saved.archive)

    #expect(
      listing.text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        == [
          "-rw------- root/root 28 1970-01-01 00:00:00 capture",
          "drwx------ root/root 0 1970-01-01 00:00:00 proc/",
          "-rw------- root/root 1 1970-01-01 00:00:00 proc/cmdline",
          "-rw------- root/root 0 1970-01-01 00:00:00 proc/iomem",
          "drwx------ root/root 0 1970-01-01 00:00:00 sys/",
          "drwx------ root/root 0 1970-01-01 00:00:00 sys/firmware/",
          "-rw------- root/root \(DeviceTree().blob.count) 1970-01-01 00:00:00 sys/firmware/fdt",
        ])
  }
}
