// SPDX-License-Identifier: Apache-2.0

import CrashCore
import DeviceTree
import Foundation
import PhysicalMemory
import Reports
import RunningKernel
import SystemPackage
import TestSupport
import Testing

@testable import KexecCheck
@testable import KexecFacts
@testable import KexecMerge
@testable import KexecPlan
@testable import KexecRules
@testable import KexecTree

@Suite struct `A core header that was given` {
  /// The very plan, but for how the header came about.
  @Test(arguments: [true, false])
  func `is loaded as ours is`(knowsCrashFacts: Bool) throws {
    var machine = machine()
    let own = try machine.plan()
    machine.givenCoreHeader = own.bytes(.coreHeader)
    machine.knowsCrashFacts = knowsCrashFacts

    let plan = try machine.plan()

    #expect((plan.purpose == .crash) && plan.flags == 1)
    #expect(plan.segments == own.segments)
    #expect(plan.placements == own.placements)
    #expect(plan.coreHeader == nil)
    #expect(
      plan.explanation.contains { $0.hasPrefix("elfcorehdr ") && $0.contains("the caller") })
  }

  /// The kernel's own header for this boot, in the place of ours: byte for byte what it would load.
  @Test func `may be the kernel's own`() throws {
    let folder = try Fixtures.machine("arm64-virt-6.12-kf")
    let file = URL(fileURLWithPath: folder + "/oracle/kernel-elfcorehdr.bin")
    let header = [UInt8](try Data(contentsOf: file))
    var machine = machine()
    machine.facts = try facts(of: RunningKernel(root: FilePath(folder)))
    machine.tree = "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; cpus { }; };"
    machine.knowsCrashFacts = false
    machine.givenCoreHeader = header

    let plan = try machine.plan()

    #expect(plan.bytes(.coreHeader) == header)
    #expect(plan.starts([.coreHeader]) == [0x9d3f_0000])
  }

  @Test(
    arguments: [
      Alteration("not an ELF") { $0 = [1, 2, 3] },
      Alteration("e_type") { $0[16] = 2 },
      Alteration("e_machine") { $0[18] = 243 },
      Alteration("") { $0.removeLast($0.count - 100) },
    ] as [Alteration<[UInt8]>])
  func `is refused when the crash kernel would refuse it`(damage: Alteration<[UInt8]>) throws {
    var machine = machine()
    var header = try #require(try machine.plan().bytes(.coreHeader))
    damage.make(&header)
    machine.givenCoreHeader = header

    let error = #expect(throws: KexecError.self) { try machine.plan() }

    #expect(
      error?.description.hasPrefix("the given elfcorehdr: ") == true, "\(error?.description ?? "")"
    )
  }

  /// A machine whose crash kernel has other memory.
  @Test func `is refused when it is another machine's`() throws {
    var machine = machine()
    machine.givenCoreHeader = try machine.plan().bytes(.coreHeader)
    machine.facts.crashRegions = [range(0x5000_0000, 64 << 20)]

    #expect(throws: KexecError.self) { try machine.plan() }
    machine.knowsCrashFacts = false
    #expect(throws: KexecError.self) { try machine.plan() }
  }

  @Test func `is refused for powerpc, whose header says where the backup is`() throws {
    var machine = PowerPCMachine()
    machine.givenCoreHeader = try machine.plan(forCrash: true).bytes(.coreHeader)

    let error = #expect(throws: KexecError.self) { try machine.plan(forCrash: true) }

    #expect(error?.description.contains("has the address of the backup") == true)
  }

  @Test func `takes a crash region`() throws {
    var machine = machine()
    machine.givenCoreHeader = try machine.plan().bytes(.coreHeader)
    machine.facts.crashRegions = []
    machine.knowsCrashFacts = false

    #expect(throws: KexecError.noCrashRegion) { try machine.plan() }
  }

  private func machine() -> SmallMachine {
    var machine = SmallMachine()
    machine.isForCrash = true
    machine.facts.crashRegions = [range(0x4800_0000, 64 << 20)]
    return machine
  }
}
