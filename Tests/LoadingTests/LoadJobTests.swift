// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Foundation
import Kexec
import Loading
import PhysicalMemory
import RunningKernel
import SystemPackage
import TestSupport
import Testing

@Suite struct `A plan from a set of files` {
  /// A machine, and what is planned for it.
  struct Machine: CustomTestStringConvertible {
    let name: String
    let forCrash: Bool
    var kernel: [UInt8] {
      if name.hasPrefix("riscv64") { return KernelBuilder.riscvImage() }
      if name.hasPrefix("pseries") {
        return KernelBuilder.ppc64Kernel(size: 0x83_ae9c, memorySize: 0x8d_0000)
      }
      return KernelBuilder.arm64Image()
    }

    init(_ name: String, forCrash: Bool = false) { (self.name, self.forCrash) = (name, forCrash) }

    var testDescription: String { "\(name), \(forCrash ? "crash" : "kexec")" }
  }

  @Test(arguments: [
    Machine("arm64-virt-1g-6.1"), Machine("arm64-virt-6.12-kf"),
    Machine("arm64-virt-uefi-dt-6.12-kf"), Machine("riscv64-virt-7.2-kf"),
    Machine("pseries-7.2-kf"), Machine("arm64-virt-6.12-kf", forCrash: true),
    Machine("riscv64-virt-7.2-kf", forCrash: true), Machine("pseries-7.2-kf", forCrash: true),
  ])
  func `is that of dtfix, byte for byte`(machine: Machine) throws {
    let folder = try TemporaryFolder()
    try write(machine.kernel, to: folder / "kernel")
    for (name, bytes) in ["one": [1, 2, 3], "two": [4, 5]] as [String: [UInt8]] {
      try write(bytes, to: folder / name)
    }
    let result = try run(
      dtfixPath,
      [
        "plan", machine.forCrash ? "--for-crash" : "--for-kexec", "--root",
        Fixtures.machine(machine.name), "--kernel", folder / "kernel", "--initrd", folder / "one",
        "--initrd", folder / "two", "--append", "quiet", "--kaslr-seed", "none", "--rng-seed",
        "none", "-o", folder / "plan",
      ])
    var options = RequestOptions()
    options.purpose = machine.forCrash ? .crash : .kexec
    (options.append, options.seeds) = ("quiet", .some(.none))
    var files = FileSet()
    for (kind, name) in [(.kernel, "kernel"), (.initrd, "one"), (.initrd, "two")]
      as [(FileSet.Kind, String)]
    {
      let file = try FileDescriptor.opened(folder / name)
      try file.closeAfter { try files.add(kind, file, named: name) }
    }

    let plan = try LoadJob(files, options, on: LoadingTests.machine(machine.name)).plan()

    #expect(result.status == 0, "\(result.errors)")
    let manifest = PlanManifest(plan)
    #expect(try contents(of: folder / "plan/manifest") == Array(manifest.text.utf8))
    for (entry, segment) in zip(manifest.segments, plan.segments) {
      #expect(try contents(of: folder / "plan/\(entry.file)") == segment.bytes, "\(entry.name)")
    }
  }

  @Test func `has the tree, the overlays and the command line of the set`() throws {
    let overlay = try Fixtures.compile(
      "/dts-v1/; /plugin/; &{/} { from-overlay = \"yes\"; };", "-@")
    let board = try Fixtures.blob("qemu-arm64-virt")
    var options = RequestOptions()
    options.edits = [.set("from-edit", node: "/", .empty)]

    let job = try LoadJob(
      set(
        (.kernel, KernelBuilder.arm64Image()), (.tree, board), (.overlay, overlay),
        (.commandLine, Array("quiet 1\n".utf8))),
      options, on: nil)
    let tree = try DeviceTree(blob: #require(job.plan().tree).blob)

    #expect(try tree.property("from-overlay", of: "/") == .string("yes"))
    #expect(try tree.property("from-edit", of: "/") == .empty)
    #expect(try tree.property("bootargs", of: "/chosen") == .string("quiet 1"))
  }

  @Test func `has fresh seeds unless some are given`() throws {
    let job = try LoadJob(
      set((.kernel, KernelBuilder.arm64Image())), on: machine("arm64-virt-6.12"))

    let (one, other) = (try job.gathered().request.seeds, try job.gathered().request.seeds)

    #expect(one.kaslr?.count == 8 && one.rng?.count == 128)
    #expect(one != other)
  }

  @Test func `takes the command line of another machine's running kernel`() throws {
    var options = RequestOptions()
    options.commandLine = .running(try machine("arm64-virt-6.12"))
    let job = try LoadJob(
      set((.kernel, KernelBuilder.arm64Image()), (.tree, Fixtures.blob("qemu-arm64-virt"))),
      options, on: nil)

    let gathered = try job.gathered()

    #expect(gathered.names.commandLine.hasSuffix("/proc/cmdline"))
    #expect(gathered.request.commandLine != .ofTree())
  }
}

@Suite struct `What is to be loaded` {
  /// What is wrong, the code, and part of the message.
  struct Mistake: CustomTestStringConvertible {
    let code: KexecError.Kind
    let testDescription: String
    let change: @Sendable (inout FileSet, inout RequestOptions) throws -> Void

    init(
      _ code: KexecError.Kind, _ text: String,
      _ change: @escaping @Sendable (inout FileSet, inout RequestOptions) throws -> Void
    ) {
      (self.code, testDescription, self.change) = (code, text, change)
    }
  }

  @Test(arguments: [
    Mistake(.usage, "no kernel: the set needs one") { files, _ in files = FileSet() },
    Mistake(.malformedInput, "k: not a kernel") { files, _ in
      files = FileSet()
      try files.add(.kernel, [1, 2, 3], named: "k")
    },
    Mistake(.usage, "there is no profile 3") { $1.profile = 3 },
    Mistake(.malformedInput, "bad tree: ") { files, _ in
      try files.add(.tree, [1, 2, 3], named: "bad tree")
    },
    Mistake(.malformedInput, "bad overlay: ") { files, _ in
      try files.add(.overlay, [1, 2, 3], named: "bad overlay")
    },
    Mistake(.usage, "t: a second tree after u") { files, options in
      try files.add(.tree, Fixtures.blob("board"), named: "t")
      options.tree = TreeFile(blob: DeviceTree(), named: "u")
    },
    Mistake(.usage, "t: replaces the machine's trees, so none can be chosen") { files, options in
      try files.add(.tree, Fixtures.blob("board"), named: "t")
      options.treeOrigin = .live
    },
    Mistake(.usage, "merging needs a tree and a machine") { $1.mergesTree = true },
    Mistake(.usage, "an elfcorehdr is for a crash kernel") { files, _ in
      try files.add(.input(.coreHeader), [1], named: "c")
    },
    Mistake(.usage, "a crash kernel takes no IMA buffer") { files, options in
      try files.add(.input(.imaBuffer), [1], named: "m")
      options.purpose = .crash
    },
    Mistake(.usage, "m: excludes the machine's own measurements") { files, options in
      try files.add(.input(.imaBuffer), [1], named: "m")
      options.handsOnMeasurements = true
    },
    Mistake(.usage, "c: excludes the machine's own command line") { files, options in
      try files.add(.commandLine, [0x31], named: "c")
      options.commandLine = .running(RunningKernel().snapshot())
    },
    Mistake(.usage, "facts given by hand are for a crash kernel") { $1.given.linearMap = 1 },
    Mistake(.usage, "a plan chooses the place of the backup") { _, options in
      (options.purpose, options.given.backup) = (.crash, 1 << 20)
    },
    Mistake(.usage, "a command line is given, but none is to be handed over") { files, options in
      try files.add(.commandLine, [0x61], named: "l")
      options.commandLine = .omitted
    },
    Mistake(.usage, "a command line is given, but none is to be handed over") { _, options in
      (options.commandLine, options.append) = (.omitted, "quiet")
    },
    Mistake(.usage, "the command line has 4096 bytes") { files, _ in
      try files.add(.commandLine, [UInt8](repeating: 0x61, count: 4096), named: "l")
    },
  ])
  func `has to go together`(mistake: Mistake) throws {
    var (files, options) = (FileSet(), RequestOptions())
    try files.add(.kernel, KernelBuilder.arm64Image(), named: "kernel")
    try mistake.change(&files, &options)

    expectRefusal(mistake.code, mistake.testDescription) {
      try LoadJob(files, options, on: machine("arm64-virt-6.12")).plan()
    }
  }

  @Test func `needs a machine or a tree`() throws {
    let files = try set((.kernel, KernelBuilder.arm64Image()))
    var options = RequestOptions()

    expectRefusal(.usage, "neither a machine nor a tree is named") {
      try LoadJob(files, on: nil).plan()
    }
    options.purpose = .crash
    expectRefusal(.usage, "a crash kernel needs a machine, and none is named") {
      try LoadJob(files, options, on: nil).plan()
    }
  }

  @Test func `needs a tree that describes memory where there is no machine`() throws {
    let tree = try Fixtures.compile("/dts-v1/; / { };")
    let files = try set((.kernel, KernelBuilder.arm64Image()), (.tree, tree))

    let error = #expect(throws: KexecError.self) { try LoadJob(files, on: nil).plan() }

    #expect(error?.advice == .nameMachine)
  }

  @Test func `needs memory that is set apart for a crash kernel`() throws {
    let folder = try TemporaryFolder()
    try run("cp", ["-r", Fixtures.machine("arm64-virt-6.12"), folder / "machine"])
    try run("sed", ["-i", "/Crash kernel/d", folder / "machine/proc/iomem"])
    var options = RequestOptions()
    options.purpose = .crash
    let source = RunningKernel(root: FilePath(folder / "machine")).snapshot()
    let files = try set((.kernel, KernelBuilder.arm64Image()))

    let error = #expect(throws: KexecError.self) {
      try LoadJob(files, options, on: source).plan()
    }

    #expect(error?.kind == .notOffered)
    #expect(error?.advice == .excludeMemory)
  }

  @Test func `needs a kernel for the machine`() throws {
    let files = try set((.kernel, KernelBuilder.riscvImage()))
    let job = try LoadJob(files, on: machine("arm64-virt-6.12"))

    expectRefusal(.malformedInput, "a kernel for riscv64 on a machine of aarch64") {
      try job.plan()
    }
    expectRefusal(.malformedInput, "a kernel for riscv64 on a machine of aarch64") {
      try job.filesForKernel()
    }
  }
}
