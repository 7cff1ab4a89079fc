// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import Loading
import PhysicalMemory
import TestSupport
import Testing

@Suite struct `The system call` {
  @Test func `is the requested one`() throws {
    #expect(try choice(asked: .kexecFileLoad).call == .kexecFileLoad)
    #expect(try choice(asked: .kexecLoad, for: .x86_64).call == .kexecLoad)
  }

  @Test func `is kexec_load where a plan is needed`() throws {
    #expect(try choice(isPacked: true).call == .kexecLoad)
    #expect(try choice { $0.calls[.kexecFileLoad] = false }.call == .kexecLoad)
    #expect(try choice { $0.calls = [:] }.call == .kexecLoad)
  }

  @Test func `is kexec_file_load where there is no plan, or no need of one`() throws {
    #expect(try choice().call == .kexecFileLoad)
    #expect(try choice(for: .x86_64).call == .kexecFileLoad)
    #expect(try choice(isPacked: true) { $0.calls[.kexecLoad] = false }.call == .kexecFileLoad)
    #expect(
      try choice(isPacked: true) { $0.lockdown = "confidentiality" }.call == .kexecFileLoad)
  }

  @Test func `is kexec_load for what the other has no way to do, and says what`() throws {
    let choice = try choice(needs: ["it takes no tree", "it takes no overlay"])

    #expect(choice.call == .kexecLoad)
    #expect(choice.reason == "it takes no tree")
  }

  @Test func `is none where nothing will do`() {
    expectRefusal(.noPermission, "no tree", "lockdown (integrity) forbids kexec_load") {
      try choice(needs: ["no tree"]) { $0.lockdown = "integrity" }
    }
    expectRefusal(.notOffered, "no tree", "this kernel has no kexec_load") {
      try choice(needs: ["no tree"]) { $0.calls[.kexecLoad] = false }
    }
    expectRefusal(.notOffered, "no tree", "no plan is made for x86_64") {
      try choice(needs: ["no tree"], for: .x86_64)
    }
    expectRefusal(.usage, "no tree: that needs kexec_load") {
      try choice(asked: .kexecFileLoad, needs: ["no tree"])
    }
  }

  @Test func `is kexec_load under lockdown for those who insist`() throws {
    let choice = try choice(asked: .kexecLoad, needs: ["no tree"]) { $0.lockdown = "integrity" }

    #expect(choice.call == .kexecLoad)
    #expect(choice.reason == "requested")
  }

  private func choice(
    asked: SystemCall? = nil, needs: [String] = [], for architecture: Architecture = .arm64,
    isPacked: Bool = false, change: (inout KexecStatus) -> Void = { _ in }
  ) throws -> CallChoice {
    var status = KexecStatus()
    status.lockdown = "none"
    status.calls = [.kexecLoad: true, .kexecFileLoad: true]
    change(&status)
    if let asked { return try CallChoice(requested: asked, needs) }
    return try CallChoice(needs: needs, for: architecture, isPacked: isPacked, on: status)
  }
}

@Suite struct `What is asked for needs kexec_load` {
  /// An option, and what it is called.
  struct Need: CustomTestStringConvertible {
    let testDescription: String
    let change: @Sendable (inout RequestOptions) throws -> Void

    init(_ text: String, _ change: @escaping @Sendable (inout RequestOptions) throws -> Void) {
      (testDescription, self.change) = (text, change)
    }
  }

  @Test(arguments: [
    Need("kexec_file_load takes no tree: board") {
      $0.tree = TreeFile(blob: try .init(blob: Fixtures.blob("board")), named: "board")
    },
    Need("kexec_file_load chooses the tree itself") { $0.treeOrigin = .flat },
    Need("kexec_file_load edits no tree") { $0.edits = [.deleteNode("/soc")] },
    Need("kexec_file_load reserves nothing besides what is loaded") {
      $0.reservations = [try #require(PhysicalRange(start: 0x4000_0000, size: 4096))]
    },
    Need("kexec_file_load hands over measurements only if the kernel is configured to") {
      $0.handsOnMeasurements = true
    },
    Need("kexec_file_load draws its own seeds") { $0.seeds = .some(.none) },
  ])
  func `for an option`(need: Need) throws {
    var options = RequestOptions()
    try need.change(&options)

    let job = try LoadJob(
      set((.kernel, KernelBuilder.arm64Image())), options, on: machine("arm64-virt-6.12"))

    #expect(job.planNeeds == [need.testDescription])
    expectRefusal(.usage, need.testDescription) { try job.filesForKernel() }
  }

  @Test func `for a file`() throws {
    let overlay = try Fixtures.compile("/dts-v1/; /plugin/; &{/} { x; };", "-@")
    let files = try set(
      (.kernel, KernelBuilder.arm64Image()), (.overlay, overlay), (.initrd, [1]), (.initrd, [2]),
      (.commandLine, [0x61]), (.tree, Fixtures.blob("board")))

    let job = try LoadJob(files, on: machine("arm64-virt-6.12"))

    #expect(
      job.planNeeds == [
        "kexec_file_load takes no tree: the tree", "kexec_file_load takes no overlay: the overlay",
      ])
  }

  @Test func `for nothing of an ordinary kexec`() throws {
    let files = try set((.kernel, KernelBuilder.arm64Image()), (.initrd, [1]), (.initrd, [2]))

    let job = try LoadJob(files, on: machine("arm64-virt-6.12"))

    #expect(job.planNeeds == [])
    #expect(try job.filesForKernel().initrd == [1, 0, 0, 0, 2])
    #expect(try job.choice(on: KexecStatus()).call == .kexecLoad)
  }
}
