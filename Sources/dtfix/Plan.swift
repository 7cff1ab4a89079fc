// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BinaryFormat
import ELF
import Kexec
import Loading
import PhysicalMemory
import RunningKernel

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
        Would this machine take it?
          dtfix check --root / crash.plan
      """)

  @Flag(name: .customLong("for-kexec"), help: "For an ordinary kexec.")
  var forKexec = false

  @Flag(name: .customLong("for-crash"), help: "For a crash kernel.")
  var forCrash = false

  @OptionGroup(title: "What is started") var files: PlanFiles
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
    guard given.backupAt == nil else {
      throw ValidationError("--backup-at: a plan finds a place for it")
    }
    guard forKexec || source.machineIsMeant else {
      throw ValidationError("--for-crash is for a machine that may crash: --root names it")
    }
  }

  func run() throws {
    try output.check()
    let kernel = try KernelInput(files.kernel, profile: files.profile)
    let (architecture, base) = try source.architectureAndTree(for: kernel.image)
    var request = LoadRequest(
      kernel: kernel.image, bytes: kernel.bytes, tree: base?.tree,
      commandLine: try source.commandLine(
        changes, forCrash: forCrash, own: kernel.commandLine, for: architecture),
      seeds: try changes.seeds())
    request.initrd = try files.initrds() ?? kernel.initrd
    request.edits = base?.edits ?? []
    request.warnings = base?.warnings ?? []
    request.reservations = changes.reserve
    let map = try source.memoryMap()
    let crash = try crashFacts(map)
    request.crash = crash?.facts
    let machine = try memory(base, map, crash?.facts, for: architecture)
    if let merged = try source.treeToMerge() {
      request.edits += [.merge(MachineTree(merged.tree, name: merged.name, facts: machine))]
      request.warnings += merged.warnings
    }
    request.edits += try changes.edits()
    let plan = try plan(request, architecture, machine, base)
    try output.write(plan, notes: (base?.notes ?? []) + kernel.notes + (crash?.notes ?? []))
  }

  /// What a core header is made of; nil for an ordinary kexec.
  private func crashFacts(
    _ map: MemoryMap?
  ) throws(Failure) -> SourceMachine.CrashSource? {
    guard forCrash else { return nil }
    return try loading { () throws(LoadingError) in
      try source.machineOptions.sourceMachine.crashSource(listedIn: map, given: given.facts)
    }
  }

  /// The memory of the machine; of one that is not there, what its tree says.
  private func memory(
    _ base: TreeFile?, _ map: MemoryMap?, _ crash: CrashFacts?, for architecture: Architecture
  ) throws(Failure) -> MachineFacts {
    var (facts, missing) = try source.facts(listedIn: map, for: architecture)
    if let base, !source.machineIsMeant { return try facts.with(memoryOf: base) }
    // Until the kernel says so, it is little-endian.
    facts.byteOrder =
      crash?.byteOrder ?? (try? source.machine.core())??.file.byteOrder ?? .little
    guard facts.systemRAM == nil else { return facts }
    throw missing.map(Failure.init) ?? Failure(.notOffered, "no memory is known")
  }

  private func plan(
    _ request: LoadRequest, _ architecture: Architecture, _ machine: MachineFacts, _ base: TreeFile?
  ) throws(Failure) -> LoadPlan {
    do throws(PlanError) {
      return try LoadPlan(request, for: architecture, on: machine)
    } catch {
      switch error {
      case .missing, .contradiction, .tooManySegments, .badNote, .overlappingMemory:
        throw Failure(error, of: source.machine, isJoined: true)
      case .otherKernel, .emptyInitrd, .addressTooHigh:
        throw Failure(.malformedInput, "\(files.kernel): \(error)")
      case .notAccepted: throw Failure(.malformedInput, "the plan: \(error)")
      case .usableMemoryCount, .usableMemoryOrder:
        throw Failure(.notOffered, "\(source.machine.memoryMapPath): \(error)")
      default:
        throw Failure(
          error, in: base?.name ?? "\(source.machine.root)",
          commandLineOf: source.commandLineName(changes, base))
      }
    }
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

  /// The initrds as one; nil for none.
  func initrds() throws(Failure) -> [UInt8]? {
    var contents: [[UInt8]] = []
    for path in initrd {
      let file = try MappedFile(path)
      let bytes = file.withBytes { bytes in unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) } }
      guard !bytes.isEmpty else { throw Failure(.malformedInput, "\(file.name): an empty initrd") }
      contents.append(bytes)
    }
    return LoadRequest.joining(contents)
  }
}

extension MachineFacts {
  fileprivate func with(memoryOf base: TreeFile) throws(Failure) -> MachineFacts {
    let memory: TreeMemory
    do throws(PlanError) {
      memory = try TreeMemory(of: base.tree)
    } catch {
      throw Failure(
        .notOffered, "\(base.name): \(error)\n--root names a machine whose memory is known")
    }
    guard !memory.usable.isEmpty else {
      throw Failure(
        .notOffered,
        "\(base.name): tells of no memory\n--root names a machine whose memory is known")
    }
    var facts = self
    facts.systemRAM = memory.usable.ranges
    facts.reserved = memory.reserved.ranges
    return facts
  }
}
