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
    abstract: "A complete kexec: kernel, initrd, tree and ELF core header, all placed in memory.",
    usage: """
      dtfix plan --for-kexec --kernel <file> [--initrd <file>] ... [-o <folder>] <options>
      dtfix plan --for-crash --kernel <file> [--initrd <file>] ... [-o <folder>] <options>
      """,
    discussion: """
      Does in user space what kexec_file_load does inside the kernel. The layout is printed; with -o the \
      plan is written to a folder, for a loader: a manifest, a file for each segment, and plan.json with \
      the reasons. Nothing is loaded.

      A LoongArch kernel gets no tree: its plan has a command line with everything that it needs.

      The initrd and the command line of a unified kernel image are used unless --initrd and \
      --command-line replace them.

      EXAMPLES
        Show what would be loaded where on this machine:
          dtfix plan --for-kexec --kernel /boot/vmlinuz --initrd /boot/initrd.img
        A crash kernel for a captured machine, with the reason for each place:
          dtfix plan --for-crash --root captures/board7 --kernel Image --explain -o crash.plan
        A board that is not at hand, by its tree:
          dtfix plan --for-kexec -i board.dtb --kernel Image --command-line 'console=ttyS0'
        IMA's measurements so far, and bytes for a driver of your own:
          dtfix plan --for-kexec --kernel Image --ima --extra acme,log=log.bin -o kexec.plan
        Check that this machine would take it:
          dtfix check --root / crash.plan
      """)

  @OptionGroup var purpose: PurposeOptions
  @OptionGroup(title: "Kernel and initrd") var files: PlanFiles
  @OptionGroup(title: "Also handed over") var inputs: PlanInputs
  @OptionGroup(title: "Machine") var source: SourceOptions
  @OptionGroup(title: "Changes") var changes: ChangeOptions
  @OptionGroup(title: "Facts given by hand (--for-crash)") var given: CrashFactOptions
  @OptionGroup(title: "Output") var output: PlanOutputOptions

  func validate() throws {
    let forCrash = purpose.forCrash
    try purpose.check()
    try require(forCrash || given.facts == GivenFacts(), "facts given by hand are for --for-crash")
    try require(forCrash || inputs.elfcorehdr == nil, "--elfcorehdr is for --for-crash")
    try require(!forCrash || !inputs.hasMeasurements, "--ima and --ima-list are for --for-kexec")
    try require(
      given.backupAt == nil, "--backup-at is not for a plan, which chooses the place itself")
    try require(!forCrash || source.usesMachine, "--for-crash needs a machine: name it with --root")
  }

  func run() throws {
    try output.check()
    var machine = source.usedMachine
    try source.refuseUnusedTree(on: &machine)
    let options = try options()
    var files = try self.files.set(changes)
    try inputs.add(to: &files)
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

  /// The request by all options; files other than the tree are read elsewhere.
  private func options() throws -> RequestOptions {
    var options = try source.options(changes)
    options.purpose = purpose.forCrash ? .crash : .kexec
    options.given = given.facts
    options.profile = files.profile
    options.handsOnMeasurements = inputs.ima
    return options
  }

  private func words(_ names: SubjectNames) -> FailureWords {
    var words = FailureWords(names.tree)
    words.commandLine = names.commandLine
    words.kernel = files.kernel
    words.initrd = names.initrd
    words.imaBuffer = inputs.imaList ?? "--ima"
    words.machine = "\(source.machine.root)"
    words.memoryMap = source.machine.memoryMapPath.string
    words.result = names.result
    return words
  }
}

/// The kernel and what goes with it.
struct PlanFiles: ParsableArguments {
  @Option(help: .value("file", "The kernel, in any format that dtfix image reads."))
  var kernel: String

  @Option(help: .value("file", "An initrd; several are concatenated; repeatable."))
  var initrd: [String] = []

  @Option(help: .value("number", "Profile of a unified kernel image, counted from 0."))
  var profile = 0

  /// All files that the options name, read.
  func set(_ changes: ChangeOptions) throws(Failure) -> FileSet {
    var set = FileSet()
    let files = [(FileSet.Kind.kernel, [kernel]), (.initrd, initrd), (.overlay, changes.overlay)]
    for (kind, paths) in files {
      for path in paths { try set.add(kind, path) }
    }
    return set
  }
}

/// What is loaded besides kernel and initrd.
struct PlanInputs: ParsableArguments {
  @Flag(
    help: """
      Hand over what IMA has measured on the machine so far (--for-kexec). Later measurements are missing: \
      --explain describes the consequences.
      """)
  var ima = false

  @Option(
    help: .value(
      "file",
      "Hand over these IMA measurements: a list as the kernel writes it, or a finished buffer (--for-kexec)."
    ))
  var imaList: String?

  @Option(
    help: .value(
      "name=file",
      """
      Bytes of your own in reserved memory, and the property of /chosen with their address and size: \
      acme,log=log.bin; repeatable.
      """), transform: Parse.extraFile)
  var extra: [ExtraFile] = []

  @Option(
    help: .value("file", "An ELF core header to use instead of making one (--for-crash)."))
  var elfcorehdr: String?

  /// Bytes of the caller's own.
  struct ExtraFile {
    let name: String
    let path: String
  }

  var hasMeasurements: Bool { ima || imaList != nil }

  func validate() throws {
    try require(!ima || imaList == nil, "--ima and --ima-list exclude each other")
  }

  /// Reads all files that the options name.
  func add(to set: inout FileSet) throws(Failure) {
    if let elfcorehdr { try set.add(.input(.coreHeader), elfcorehdr) }
    if let imaList { try set.add(.input(.imaBuffer), imaList) }
    for file in extra { try set.add(.extra, file.path, named: file.name) }
  }
}

extension FileSet {
  /// Reads a file that the user named, and adds it.
  ///
  /// - Parameter name: its name in messages; nil for its path.
  fileprivate mutating func add(
    _ kind: Kind, _ path: String, named name: String? = nil
  ) throws(Failure) {
    let file = try InputFile(path, limit: Self.sizeLimit)
    self = try failing { () throws(KexecError) in
      var set = self
      try set.add(kind, file.bytes, named: name ?? file.name)
      return set
    }
  }
}
