// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import CrashCore
import KexecCheck
import KexecFacts
import KexecMerge
import KexecRules
import KexecTree
import PhysicalMemory

/// The core header of a plan, and its bytes.
struct PlannedCoreHeader {
  /// How it was made; nil for one that was given.
  let plan: CoreHeaderPlan?
  let bytes: [UInt8]
  /// What is worth a second look.
  let warnings: [Finding]
}

extension KexecRequest {
  /// The core header of a plan for a crash; nil for an ordinary kexec. Its size is known before its place
  /// is.
  ///
  /// - Parameter backup: where the memory is copied to that the crash kernel itself runs in; nil
  ///   where there is no such copy.
  func coreHeader(backup: UInt64?) throws(KexecError) -> PlannedCoreHeader? {
    guard purpose == .crash else { return nil }
    if let given = bytes(of: .coreHeader) { return try checked(given) }
    var facts = machine
    facts.backup = backup
    let plan = try CoreHeaderPlan(for: architecture, facts)
    do throws(FormatError) {
      let bytes = try plan.header.bytes()
      return PlannedCoreHeader(plan: plan, bytes: bytes, warnings: plan.warnings)
    } catch {
      preconditionFailure("a header that was read back can be written")
    }
  }

  /// A core header that was made elsewhere, read as the crash kernel will, and compared with what is known
  /// of the machine.
  private func checked(_ header: [UInt8]) throws(KexecError) -> PlannedCoreHeader {
    let (machineOfHeader, rules) = try architecture.knownCoreRules()
    guard rules.backedUp == nil else {
      throw .unsupported(
        architecture: architecture,
        reason: """
          a core header says where the first memory is copied to, which is known only when a plan has \
          found a place for it: it is made with the plan
          """)
    }
    var core = CoreMachine(machine: machineOfHeader, byteOrder: machine.byteOrder)
    core.memory = (machine.$memory.isKnown ? machine.memory : machine.systemRAM).map {
      PhysicalRangeSet($0)
    }
    core.crashRegions = PhysicalRangeSet(machine.crashRegions)
    core.excluded = PhysicalRangeSet(machine.excluded)
    core.firmware = PhysicalRangeSet(machine.firmware)
    core.cpuNotes = machine.cpuNotes.isEmpty ? nil : machine.cpuNotes
    core.vmcoreinfo = machine.vmcoreinfoNote
    let findings = CoreHeaderCheck(of: core).findings(in: header.span)
    let bad = findings.filter { $0.severity != .doubtful }.map(Finding.init)
    guard bad.isEmpty else {
      throw .notAccepted(
        bad.map { Finding("the given core header: \($0.place)", $0.text, rule: $0.rule) })
    }
    return PlannedCoreHeader(plan: nil, bytes: header, warnings: findings.map(Finding.init))
  }
}
