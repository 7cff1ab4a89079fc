// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Kexec
import Loading
import PhysicalMemory
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
    try buffers.check(forCrash: job.forCrash)
    try output.check(inputs: inputs)
    var load = try source.source()
    let base = try treeToFix(&load)
    let commandLine = try source.commandLine(changes, forCrash: job.forCrash)
    let (architecture, machine) = try failing { () throws(KexecError) in
      let architecture = try load.architecture(of: base)
      return (architecture, try load.facts(for: architecture))
    }
    var handover = Handover(
      commandLine: commandLine, initrd: job.initrdAt, reservations: changes.reserve,
      seeds: try changes.seeds(),
      crash: try job.handover(on: machine, isMachine: source.machineIsMeant))
    buffers.add(to: &handover)
    let merged = try failing { () throws(KexecError) in try load.treeToMerge() }
    let merge = merged.map { [TreeEdit.merge(MachineTree($0.tree, name: $0.name, facts: machine))] }
    let next = try nextTree(from: base, merge ?? [], architecture, handover, machine)
    try output.write(
      FixResult(
        source: base, merged: merged, note: machine.$memory.failure?.text,
        architecture: architecture,
        tree: next,
        isSecret: handover.seeds != .none))
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

  /// What a crash kernel is told; nil for an ordinary kexec. A machine that is meant has to have set
  /// the memory apart, whatever is said.
  func handover(
    on machine: MachineSnapshot, isMachine: Bool
  ) throws(Failure) -> CrashHandover? {
    guard let elfcorehdrAt, forCrash else { return nil }
    let memory = usableMemory.isEmpty ? machine.crashRegions : usableMemory
    guard !memory.isEmpty, !isMachine || !machine.crashRegions.isEmpty else {
      if let missing = machine.$systemRAM.failure, missing.kind == .noPermission {
        throw Failure(missing)
      }
      throw Failure(
        KexecError(
          .notOffered, KexecError.noCrashRegion.text, advice: .giveUsableMemory))
    }
    return CrashHandover(
      coreHeader: elfcorehdrAt, usableMemory: memory, backup: backupAt)
  }
}

extension Fix {
  /// The files that are read, whose place the result must not take.
  private var inputs: [String] {
    source.paths + changes.overlay
  }

  /// The tree that is to be fixed. A machine without one may be one that needs none.
  private func treeToFix(_ load: inout LoadSource) throws(Failure) -> TreeFile {
    do throws(KexecError) {
      return try load.tree()
    } catch {
      guard error.kind == .notOffered, let told = try? load.toldArchitecture(), !told.takesTree,
        let reason = told.treeRefusal
      else { throw Failure(error) }
      throw Failure(
        .unsupported(architecture: told, reason: reason), words("\(source.machine.root)"))
    }
  }

  private func nextTree(
    from base: TreeFile, _ merge: [TreeEdit], _ architecture: Architecture,
    _ handover: Handover, _ machine: MachineSnapshot
  ) throws(Failure) -> NextTree {
    let edits = try changes.overlays() + changes.edits
    let tree = { (edits: [TreeEdit]) throws(KexecError) in
      try NextTree(
        from: base.tree, edits: base.edits + edits, for: architecture, handover: handover,
        machine: machine)
    }
    do throws(KexecError) {
      return try tree(merge + edits)
    } catch {
      var words = words(base.name)
      words.commandLine = source.commandLineName(changes, base)
      throw Failure(error.charged(to: edits, without: { try tree(merge) }), words)
    }
  }

  private func words(_ name: String) -> FailureWords {
    var words = FailureWords(name)
    words.advisesPlan = true
    return words
  }
}
