// SPDX-License-Identifier: Apache-2.0

public import CrashCore
public import Kexec
import PhysicalMemory
import RunningKernel

extension MachineSnapshot {
  /// Reads what an existing elfcorehdr is compared with; the notes say what is not known of the machine, and not
  /// compared.
  ///
  /// - Throws: `KexecError` for a file that cannot be read, and for memory that is hidden or not listed.
  public mutating func readCoreMachine() throws(KexecError) -> (CoreMachine, notes: [String]) {
    read([.memory, .crashRegions])
    _ = try $memory.required
    read([.kernel, .core, .firmware, .crashCMARanges, .cpuNotes, .vmcoreinfoNote])
    _ = (try $firmware.ifPresent, try $crashRegions.ifPresent)
    var machine = CoreMachine(
      machine: coreMachine, byteOrder: $byteOrder.isKnown ? byteOrder : nil,
      memory: PhysicalRangeSet(memory), firmware: PhysicalRangeSet(firmware))
    var notes: [String] = []
    if crashRegions.isEmpty {
      notes.append("no memory is set apart for a crash kernel: missing memory is not reported")
    } else {
      machine.crashRegions = PhysicalRangeSet(crashRegions + (try $crashCMARanges.ifPresent))
    }
    machine.cpuNotes = try $cpuNotes.ifPresent.isEmpty ? nil : cpuNotes
    machine.absentCPUs = max(0, (try $possibleCPUCount.ifPresent ?? 0) - cpuNotes.count)
    machine.vmcoreinfo = try $vmcoreinfoNote.ifPresent
    if cpuNotes.isEmpty { notes.append("no register notes are known: they are not compared") }
    if vmcoreinfoNote == nil { notes.append("no vmcoreinfo note is known: it is not compared") }
    if let failure = $coreSegments.failure { notes.append(failure.description) }
    notes += learnLayout(&machine)
    return (machine, notes)
  }

  /// Reads what results are checked against: ``readCoreMachine()``, and the users of memory.
  ///
  /// - Throws: `KexecError` for a machine that is missing, too.
  package mutating func readMachineToCheck() throws(KexecError) -> (CoreMachine, notes: [String]) {
    guard kernel.exists else { throw KexecError(.missing(kernel.root, advice: nil)) }
    read(.kernel)
    try readMemory(for: runningArchitecture)
    let core = try readCoreMachine()
    _ = try readPageSize()
    return core
  }

  /// The architecture, from `/proc/kcore` or the system, and the kernel's layout.
  private func learnLayout(_ machine: inout CoreMachine) -> [String] {
    var notes: [String] = []
    if let architecture = runningArchitecture {
      machine.machine = machine.machine ?? architecture.machine
      do throws(KexecError) {
        let layout = try KernelLayout(of: self, on: architecture)
        (machine.linearMap, machine.kernelText) = (layout.linearMap, layout.text)
      } catch {
        notes.append("\(error)")
      }
    }
    return machine.linearMap == nil
      ? notes + ["the linear map is not known: it is not compared"] : notes
  }
}
