// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Kexec
import Loading
import Reports
import RunningKernel
import SystemPackage

/// `dtfix plan`: a whole kexec, everything placed.
struct Plan: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "A whole kexec: kernel, initrd, tree and core header, everything in its place.",
    usage: """
      dtfix plan --for-kexec --kernel <file> [--initrd <file>] ... [-o <folder>] <options>
      dtfix plan --for-crash --kernel <file> [--initrd <file>] ... [-o <folder>] <options>
      """,
    discussion: """
      What kexec_file_load does inside the kernel, done outside and visible. The layout is printed; with \
      -o the plan is written to a folder, for a loader: a manifest, a file for each segment, and \
      plan.json with the reasons. Nothing is loaded.

      A LoongArch kernel gets no tree: its plan has a command line that tells it everything.

      A unified kernel image brings its own initrd and command line, unless others are named.

      EXAMPLES
        What would be loaded where, on this machine?
          dtfix plan --for-kexec --kernel /boot/vmlinuz --initrd /boot/initrd.img
        A crash kernel for a captured machine, and why everything is where it is:
          dtfix plan --for-crash --root captures/board7 --kernel Image --explain -o crash.plan
        For a board that is not there, by its tree:
          dtfix plan --for-kexec -i board.dtb --kernel Image --command-line 'console=ttyS0'
        With what IMA has measured so far, and bytes that a driver of your own finds:
          dtfix plan --for-kexec --kernel Image --ima --extra acme,log=log.bin -o kexec.plan
        Would this machine take it?
          dtfix check --root / crash.plan
      """)

  @Flag(name: .customLong("for-kexec"), help: "For an ordinary kexec.")
  var forKexec = false

  @Flag(name: .customLong("for-crash"), help: "For a crash kernel.")
  var forCrash = false

  @OptionGroup(title: "What is started") var files: PlanFiles
  @OptionGroup(title: "What else is handed over") var parts: PlanParts
  @OptionGroup(title: "The machine") var source: SourceOptions
  @OptionGroup(title: "Changes") var changes: ChangeOptions
  @OptionGroup(title: "Facts by hand (--for-crash)") var given: CrashFactOptions
  @OptionGroup(title: "Output") var output: PlanOutputOptions

  func validate() throws {
    guard forKexec != forCrash else {
      throw ValidationError("say what the plan is for: --for-kexec or --for-crash")
    }
    guard forCrash || given.facts == GivenFacts() else {
      throw ValidationError("facts by hand are for --for-crash")
    }
    guard forCrash || parts.elfcorehdr == nil else {
      throw ValidationError("--elfcorehdr is for --for-crash")
    }
    guard forKexec || !parts.hasMeasurements else {
      throw ValidationError("--ima and --ima-list are for --for-kexec")
    }
    guard given.backupAt == nil else {
      throw ValidationError("--backup-at: a plan finds a place for it")
    }
    guard forKexec || source.machineIsMeant else {
      throw ValidationError("--for-crash is for a machine that may crash: --root names it")
    }
  }

  func run() throws {
    try output.check()
    var machine = source.meantMachine
    try source.refuseNeedlessTree(on: &machine)
    let options = try options()
    var files = try self.files.set(changes)
    try parts.add(to: &files)
    let progress = Progress()
    let (job, gathered) = try failing { () throws(KexecError) in
      defer { progress.end() }
      let job = try LoadJob(files, options, on: machine, progress: progress.report)
      return (job, try job.gathered())
    }
    let plan = try failing(words(gathered.names)) { () throws(KexecError) in
      try job.unnamedPlan(gathered)
    }
    try output.write(plan, notes: gathered.notes)
  }

  /// What the options say; all files but the tree are read elsewhere.
  private func options() throws -> RequestOptions {
    var options = try source.options(changes)
    options.purpose = forCrash ? .crash : .kexec
    options.given = given.facts
    options.profile = files.profile
    options.handsOnMeasurements = parts.ima
    return options
  }

  private func words(_ names: SubjectNames) -> FailureWords {
    var words = FailureWords(names.tree)
    words.commandLine = names.commandLine
    words.kernel = files.kernel
    words.initrd = names.initrd
    words.imaBuffer = parts.imaList ?? "--ima"
    words.machine = "\(source.machine.root)"
    words.memoryMap = source.machine.memoryMapPath.string
    words.result = names.result
    return words
  }
}

/// The kernel and what goes with it.
struct PlanFiles: ParsableArguments {
  @Option(help: ArgumentHelp("The kernel, of any format of dtfix image.", valueName: "file"))
  var kernel: String

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "An initrd; several are loaded as one, one behind the other. Repeatable.", valueName: "file"))
  var initrd: [String] = []

  @Option(
    help: ArgumentHelp("Which profile of a unified kernel image, from 0.", valueName: "number"))
  var profile = 0

  /// All files that the options name, read.
  func set(_ changes: ChangeOptions) throws(Failure) -> FileSet {
    var set = FileSet()
    try add(.kernel, [kernel], to: &set)
    try add(.initrd, initrd, to: &set)
    try add(.overlay, changes.overlay, to: &set)
    return set
  }

  private func add(
    _ kind: FileSet.Kind, _ paths: [String], to set: inout FileSet
  ) throws(Failure) {
    for path in paths { try set.add(kind, path) }
  }
}

extension FileSet {
  /// Reads a file that the user named, and adds it.
  ///
  /// - Parameter name: what it is called instead of its path.
  mutating func add(_ kind: Kind, _ path: String, named name: String? = nil) throws(Failure) {
    let file = try InputFile(path, limit: Self.sizeLimit)
    var set = self
    try failing { () throws(KexecError) in
      try set.add(kind, file.bytes, named: name ?? file.name)
    }
    self = set
  }
}
