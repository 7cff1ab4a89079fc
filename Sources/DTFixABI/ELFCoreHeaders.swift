// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

import BinaryFormat
public import CDTFix
import CrashCore
import Kexec
import Loading
import PhysicalMemory
import Reports
import RunningKernel

extension GivenFacts {
  /// A caller's facts, in place of the machine's.
  init(_ facts: dtfix_elfcorehdr_facts) throws(CallFailure) {
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

@_cdecl("dtfix_elfcorehdr")
public func dtfix_elfcorehdr(
  _ machine: Handle, _ facts: UnsafePointer<dtfix_elfcorehdr_facts>?, _ header: Out, _ report: Out,
  _ error: Out
) -> CInt {
  call(error, making: header, "header") {
    guard unsafe machine != nil || facts != nil else {
      throw CallFailure.argument("machine and facts: both NULL")
    }
    var machine = try MachineObject.ifAny(machine)?.machine ?? MachineSnapshot()
    var (given, name) = (GivenFacts(), String?.none)
    if unsafe facts != nil {
      let facts = try dtfix_elfcorehdr_facts.given(facts, "facts")
      given = try unsafe GivenFacts(facts)
      name = try unsafe textIfAny(facts.architecture, "architecture")
    }
    try machine.readCrashFacts(given: given)
    let architecture = try machine.settleArchitecture(explicit: name, by: "architecture")
    let plan = try naming(machine.root ?? "facts") { () throws(KexecError) in
      try CoreHeaderPlan(for: architecture, machine)
    }
    let bytes = try plan.header.bytes()
    let made = CoreHeaderReport(plan, bytes, for: architecture, notes: machine.crashNotes)
    ReportObject(findings: plan.warnings, lines: made.lines).hand(to: report)
    return BufferObject(bytes)
  }
}

@_cdecl("dtfix_elfcorehdr_check")
public func dtfix_elfcorehdr_check(
  _ header: UnsafeRawPointer?, _ size: Int, _ machine: Handle, _ report: Out, _ error: Out
) -> CInt {
  call(error, making: report, "report") {
    let header = try bytes(header, size, "header")
    var machine = try MachineObject.ifAny(machine)?.machine
    let (facts, notes) = try machine?.readMachineToCheck() ?? (CoreMachine(), [])
    let findings = CoreHeaderCheck(of: facts).findings(in: header.span).map(Finding.init)
    return ReportObject(findings: findings, lines: notes + findings.map(\.description))
  }
}
