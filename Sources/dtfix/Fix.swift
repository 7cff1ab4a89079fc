// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Kexec
import Loading
import PhysicalMemory
import Reports
import RunningKernel

/// `dtfix fix`, or just `dtfix`: the next kernel's tree.
struct Fix: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fix",
    abstract: "The next kernel's tree (the default command).",
    discussion: """
      Takes the running kernel's device tree, removes what the last kexec left in it, and adds what the \
      next kernel needs to know. The result is checked by the rules of the next kernel before it is \
      written. It contains seeds: a file written with -o is readable by its owner only.

      EXAMPLES
        A loader puts the initrd at 1 GiB + 128 MiB:
          dtfix --for-kexec --initrd-at 0x48000000+0x1f9bb8 -o next.dtb
        A crash kernel:
          dtfix --for-crash --elfcorehdr-at 0x9d3f0000+0x1000 -o crash.dtb
        Only show what would be changed, and why:
          dtfix --for-kexec --explain -o /dev/null
        Include devices that were plugged in since boot:
          dtfix --for-kexec --from live -o next.dtb
        Another machine, from its capture:
          dtfix --for-kexec --root captures/board7 --append 'debug' -o next.dtb
        Your own tree for this board, completed by this machine's:
          dtfix --for-kexec --merge-dtb board.dtb --explain -o next.dtb
        An IMA buffer, which a loader puts at the end of memory:
          dtfix --for-kexec --ima-buffer-at 0x9fff0000+0x10000 -o next.dtb
      """)

  @OptionGroup(title: "Next kernel") var job: JobOptions
  @OptionGroup(title: "Also handed over") var buffers: BufferOptions
  @OptionGroup(title: "Machine") var source: SourceOptions
  @OptionGroup(title: "Changes") var changes: ChangeOptions
  @OptionGroup(title: "Output") var output: OutputOptions

  func run() throws {
    try job.check()
    try buffers.check(for: job.purpose)
    try output.check(inputs: source.paths + changes.overlay)
    let gathered = try gathered()
    let tree = try failing(words(gathered.names)) { () throws(KexecError) in
      try NextTree(gathered.request)
    }
    try output.write(TreeReport(gathered, tree))
  }

  /// The request, by all options.
  private func gathered() throws -> GatheredRequest {
    var options = try source.options(changes)
    options.purpose = job.purpose
    options.inputs = job.inputs + buffers.inputs
    options.usableMemory = job.usableMemory
    options.edits = try changes.overlays() + options.edits
    var source = RequestSource(options, on: source.usedMachine)
    let words = words(SubjectNames("\(self.source.machine.root)"))
    return try failing(words) { () throws(KexecError) in try source.gathered() }
  }

  private func words(_ names: SubjectNames) -> FailureWords {
    var words = FailureWords(names.tree)
    words.commandLine = names.commandLine
    words.advisesPlan = true
    return words
  }
}

/// The purpose of the next kernel, one of two.
struct PurposeOptions: ParsableArguments {
  @Flag(name: .customLong("for-kexec"), help: "For an ordinary kexec.")
  var forKexec = false

  @Flag(name: .customLong("for-crash"), help: "For a crash kernel.")
  var forCrash = false

  func check() throws {
    try require(forKexec != forCrash, "give the purpose: --for-kexec or --for-crash")
  }
}

/// The purpose of the tree, and where a loader puts what goes with the kernel.
struct JobOptions: ParsableArguments {
  @OptionGroup var purposeOptions: PurposeOptions

  @Option(
    range: "Physical range of the initrd: 0x48000000+0x1f9bb8, first-last, or 2M@0x48000000.")
  var initrdAt: PhysicalRange?

  @Option(range: "Physical range of the ELF core header (--for-crash).")
  var elfcorehdrAt: PhysicalRange?

  @Option(
    address: "Physical address of the copy of the first 64 KiB (--for-crash on ppc64).")
  var backupAt: UInt64?

  @Option(
    ranges: """
      Memory that the crash kernel may use, the main region first; the default is the machine's crash \
      regions; repeatable.
      """)
  var usableMemory: [PhysicalRange] = []

  var purpose: Purpose { purposeOptions.forCrash ? .crash : .kexec }

  func check() throws {
    try purposeOptions.check()
    try require(
      backupAt != .max, "--backup-at: 0xffffffffffffffff has no room behind it")
    try require(
      purpose == .crash || elfcorehdrAt == nil && usableMemory.isEmpty && backupAt == nil,
      "--elfcorehdr-at, --usable-memory and --backup-at are for --for-crash")
    try require(
      purpose == .kexec || elfcorehdrAt != nil,
      "--for-crash needs --elfcorehdr-at, where a loader puts the ELF core header")
  }

  /// What a loader has placed.
  var inputs: [KexecRequest.Input] {
    let backup = backupAt.flatMap { PhysicalRange(start: $0, size: 1) }
    return KexecRequest.Input.at([
      (.initrd, initrdAt), (.coreHeader, elfcorehdrAt), (.backup, backup),
    ])
  }
}
