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
      Takes the running kernel's device tree, removes what the last hand-over left in it, and adds what \
      the next kernel has to know. The result is read back by the next kernel's rules before it is \
      written. It holds seeds: with -o only its owner may read it.

      EXAMPLES
        For a loader that puts the initrd at 1 GiB + 128 MiB:
          dtfix --for-kexec --initrd-at 0x48000000+0x1f9bb8 -o next.dtb
        For a crash kernel:
          dtfix --for-crash --elfcorehdr-at 0x9d3f0000+0x1000 -o crash.dtb
        What would be done, and why:
          dtfix --for-kexec --explain -o /dev/null
        With what was plugged in since the boot:
          dtfix --for-kexec --from live -o next.dtb
        For another machine, from its capture:
          dtfix --for-kexec --root captures/board7 --append 'debug' -o next.dtb
        With your own tree for this board, completed by what this machine's tells:
          dtfix --for-kexec --merge-dtb board.dtb --explain -o next.dtb
        With IMA's measurements, which a loader puts at the end of memory:
          dtfix --for-kexec --ima-buffer-at 0x9fff0000+0x10000 -o next.dtb
      """)

  @OptionGroup(title: "What the tree is for") var job: JobOptions
  @OptionGroup(title: "What else is handed over") var buffers: BufferOptions
  @OptionGroup(title: "The machine") var source: SourceOptions
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

  /// The request: all options are in it.
  private func gathered() throws -> GatheredRequest {
    var options = try source.options(changes)
    options.purpose = job.purpose
    options.inputs = job.inputs + buffers.inputs
    options.usableMemory = job.usableMemory
    options.edits = try changes.overlays() + options.edits
    var source = RequestSource(options, on: source.meantMachine)
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

/// The kernel that is to be started.
struct JobOptions: ParsableArguments {
  @Flag(name: .customLong("for-kexec"), help: "For an ordinary kexec.")
  var forKexec = false

  @Flag(name: .customLong("for-crash"), help: "For a crash kernel.")
  var forCrash = false

  @Option(
    help: ArgumentHelp(
      "Where a loader puts the initrd: 0x48000000+0x1f9bb8, first-last, or 2M@0x48000000.",
      valueName: "range"), transform: Parse.range)
  var initrdAt: PhysicalRange?

  @Option(
    help: ArgumentHelp("Where a loader puts the core header (--for-crash).", valueName: "range"),
    transform: Parse.range)
  var elfcorehdrAt: PhysicalRange?

  @Option(
    help: ArgumentHelp(
      "Where a loader puts the copy of the first 64 KiB (--for-crash on ppc64).",
      valueName: "address"), transform: Parse.address)
  var backupAt: UInt64?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      """
      Memory the crash kernel may use, the main region first: by default the machine's crash regions; \
      repeatable.
      """, valueName: "range"), transform: Parse.range)
  var usableMemory: [PhysicalRange] = []

  var purpose: Purpose { forCrash ? .crash : .kexec }

  func check() throws {
    guard forKexec != forCrash else {
      throw ValidationError("say what the tree is for: --for-kexec or --for-crash")
    }
    guard forCrash || elfcorehdrAt == nil && usableMemory.isEmpty && backupAt == nil else {
      throw ValidationError("--elfcorehdr-at, --usable-memory and --backup-at are for --for-crash")
    }
    guard !forCrash || elfcorehdrAt != nil else {
      throw ValidationError(
        "--for-crash needs --elfcorehdr-at, where a loader puts the core header")
    }
  }

  /// Where a loader has placed what it loads.
  var inputs: [KexecRequest.Input] {
    let places = [(KexecInput.initrd, initrdAt), (.coreHeader, elfcorehdrAt)]
    let backup = backupAt.flatMap { PhysicalRange(start: $0, size: 1) }
    return (places + [(.backup, backup)]).compactMap { input, range in
      range.map { KexecRequest.Input(input, .at($0)) }
    }
  }
}
