// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import CDTFix
import CrashCore
import Kexec
import Loading
import PhysicalMemory
import Reports
import RunningKernel

extension GivenFacts {
  /// What a caller knows better.
  init(_ facts: dtfix_core_facts) throws(CallFailure) {
    self.init()
    try unsafe checkUnused(facts.unused, "facts")
    memory = try unsafe ranges(facts.ram, facts.ram_count, "ram")
    excluded = try unsafe ranges(facts.excluded, facts.excluded_count, "excluded")
    cpuNotes = try unsafe ranges(facts.cpu_notes, facts.cpu_note_count, "cpu_notes")
    vmcoreinfoNote = try unsafe rangeIfAny(facts.vmcoreinfo, "vmcoreinfo")
    kernelText = try unsafe rangeIfAny(facts.kernel_text, "kernel_text").map {
      CoreHeader.KernelText(virtualAddress: unsafe facts.kernel_text_address, range: $0)
    }
    linearMap = unsafe facts.has_linear_map != 0 ? facts.linear_map : nil
    backup = unsafe facts.has_backup != 0 ? facts.backup : nil
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_core_header")
public func dtfix_core_header(
  _ machine: OpaquePointer?, _ facts: UnsafePointer<dtfix_core_facts>?, _ header: HandlePlace?,
  _ report: HandlePlace?, _ error: HandlePlace?
) -> CInt {
  answer(error, header, "header") { () throws(CallFailure) in
    guard unsafe machine != nil || facts != nil else {
      throw .argument("machine and facts: both NULL")
    }
    let kernel = try MachineObject.ifAny(machine)?.kernel
    let (given, name) = try coreFacts(facts)
    let (architecture, machine) = try ask { () throws(KexecError) in
      var machine = kernel?.snapshot() ?? MachineSnapshot()
      try machine.readCrashFacts(given: given)
      return (try machine.settleArchitecture(explicit: name, by: "architecture"), machine)
    }
    let plan: CoreHeaderPlan
    let bytes: [UInt8]
    do {
      plan = try CoreHeaderPlan(for: architecture, machine)
      bytes = try plan.header.bytes()
    } catch let error as KexecError {
      throw CallFailure(error, in: machine.root ?? "facts")
    } catch {
      throw CallFailure(.malformedInput, "\(error)")
    }
    if let report = unsafe report {
      let made = CoreHeaderReport(plan, bytes, for: architecture, notes: machine.crashNotes)
      ReportObject(findings: plan.warnings, lines: made.lines).hand(to: report)
    }
    return BufferObject(bytes)
  }
}

/// What a caller knows of a core header, and the name of the architecture if it is given.
@safe private func coreFacts(
  _ facts: UnsafePointer<dtfix_core_facts>?
) throws(CallFailure) -> (GivenFacts, architecture: String?) {
  guard unsafe facts != nil else { return (GivenFacts(), nil) }
  let facts = try dtfix_core_facts.given(facts, "facts")
  return (
    try unsafe GivenFacts(facts), try unsafe textIfAny(facts.architecture, "architecture")
  )
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_core_header_check")
public func dtfix_core_header_check(
  _ header: UnsafeRawPointer?, _ size: Int, _ machine: OpaquePointer?, _ report: HandlePlace?,
  _ error: HandlePlace?
) -> CInt {
  answer(error, report, "report") { () throws(CallFailure) in
    let header = try bytes(header, size, "header")
    var (facts, notes) = (CoreMachine(), [String]())
    if let machine = try MachineObject.ifAny(machine)?.machine {
      (facts, notes) = try ask { () throws(KexecError) in
        var machine = machine
        return try machine.readMachineToCheck()
      }
    }
    let findings = CoreHeaderCheck(of: facts).findings(in: header.span).map(Finding.init)
    return ReportObject(findings: findings, lines: notes + findings.map(\.description))
  }
}
