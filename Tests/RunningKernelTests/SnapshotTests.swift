// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kexec
import RunningKernel
import SystemPackage
import TestSupport
import Testing

@Suite struct `A snapshot of a machine` {
  @Test func `tells where its facts come from`() throws {
    let machine = RunningKernel(root: FilePath(try Fixtures.machine("arm64-virt-6.12-kf")))

    let facts = machine.snapshot(of: [.kernel, .memory, .crashRegions, .commandLine])

    #expect(facts.$systemRAM.source == "\(machine.memoryMapPath)")
    #expect(facts.$commandLine.source == "\(machine.commandLinePath)")
    #expect(facts.architectureName == "aarch64" && facts.pageSize == 4096)
    #expect(facts.$cpuNotes.origin == .notRead)
  }

  @Test func `is not read again`() throws {
    let folder = try machineFolder(["proc/iomem": Array("0-ffffff : System RAM\n".utf8)])
    var facts = RunningKernel(root: FilePath(folder.path)).snapshot(of: .memory)
    try run("rm", [folder / "proc/iomem"])

    facts.read([.memory, .crashRegions])

    #expect(facts.systemRAM?.count == 1)
  }

  @Test func `has what is given by hand in place of what was read`() throws {
    var facts = RunningKernel(root: FilePath(try Fixtures.machine("arm64-virt-6.12-kf")))
      .snapshot(of: .kernel)

    facts.pageSize = 65536

    #expect(facts.$pageSize.source == Fact<UInt64?>.caller)
  }

  @Test(
    arguments: [
      ("00000000-00000000 : System RAM\n", .noPermission, "addresses are hidden"),
      ("", .notOffered, "no System RAM"), ("1000-1fff : serial\n", .notOffered, "no System RAM"),
    ] as [(String, KexecError.Kind, String)])
  func `lacks memory that is not listed, which is no failure of reading`(
    text: String, kind: KexecError.Kind, reason: String
  ) throws {
    let folder = try machineFolder(["proc/iomem": Array(text.utf8)])

    let facts = RunningKernel(root: FilePath(folder.path)).snapshot(of: .memory)

    #expect(try facts.$systemRAM.ifPresent == nil && facts.$memory.ifPresent == [])
    for failure in [facts.$systemRAM.failure, facts.$memory.failure] {
      #expect(failure?.kind == kind)
      #expect(failure?.text.contains(reason) == true)
    }
    #expect(throws: KexecError.self) { try facts.$systemRAM.required }
  }

  @Test func `reports a file that cannot be read where the fact is used`() throws {
    let folder = try machineFolder(["proc/iomem": Array("nonsense\n".utf8)])

    let facts = RunningKernel(root: FilePath(folder.path)).snapshot(of: [.memory, .crashRegions])

    #expect(facts.systemRAM == nil)
    #expect(throws: KexecError.self) { try facts.$systemRAM.ifPresent }
    #expect(throws: KexecError.self) { try facts.$crashRegions.ifPresent }
  }
}
