// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CrashCore
import Loading
import PhysicalMemory

/// Facts that the machine lacks, or has wrong.
struct CrashFactOptions: ParsableArguments {
  @Option(ranges: "System RAM; repeatable.")
  var ram: [PhysicalRange] = []

  @Option(ranges: "RAM to leave out of the dump, besides the crash kernel's; repeatable.")
  var exclude: [PhysicalRange] = []

  @Option(ranges: "The register notes of a CPU, in the order of CPU numbers; repeatable.")
  var cpuNotes: [PhysicalRange] = []

  @Option(range: "The vmcoreinfo note.")
  var vmcoreinfo: PhysicalRange?

  @Option(
    help: .value(
      "vaddr:range",
      "Virtual address and physical range of the kernel: 0xffff…:0x40200000+0x6a0000."),
    transform: Parse.kernelText)
  var kernelText: CoreHeader.KernelText?

  @Option(
    address: "Added to a physical address to get its linear map address, modulo 2^64.",
    name: "offset")
  var linearMap: UInt64?

  @Option(
    address: "Where the first 64 KiB of RAM are copied before the crash kernel runs (ppc64).")
  var backupAt: UInt64?

  /// All of them.
  var facts: GivenFacts {
    var facts = GivenFacts()
    (facts.memory, facts.excluded, facts.cpuNotes) = (ram, exclude, cpuNotes)
    (facts.vmcoreinfoNote, facts.backup) = (vmcoreinfo, backupAt)
    (facts.kernelText, facts.linearMap) = (kernelText, linearMap)
    return facts
  }
}
