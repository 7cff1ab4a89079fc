// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CrashCore
import Loading
import PhysicalMemory

/// Facts that the machine lacks, or has wrong.
struct CrashFactOptions: ParsableArguments {
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("RAM; repeatable.", valueName: "range"), transform: Parse.range)
  var ram: [PhysicalRange] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "RAM that is not dumped, besides the crash kernel's; repeatable.", valueName: "range"),
    transform: Parse.range)
  var exclude: [PhysicalRange] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "The register notes of a CPU, in the order of the CPUs; repeatable.", valueName: "range"),
    transform: Parse.range)
  var cpuNotes: [PhysicalRange] = []

  @Option(
    help: ArgumentHelp("The vmcoreinfo note.", valueName: "range"), transform: Parse.range)
  var vmcoreinfo: PhysicalRange?

  @Option(
    help: ArgumentHelp(
      "Where the kernel is linked and where it lies: 0xffff…:0x40200000+0x6a0000.",
      valueName: "vaddr:range"), transform: Parse.kernelText)
  var kernelText: CoreHeader.KernelText?

  @Option(
    help: ArgumentHelp(
      "What is added to a physical address for the linear map, modulo 2^64.", valueName: "offset"),
    transform: Parse.address)
  var linearMap: UInt64?

  @Option(
    help: ArgumentHelp(
      "Where the first 64 KiB of RAM are copied to before the crash kernel runs (ppc64).",
      valueName: "address"), transform: Parse.address)
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
