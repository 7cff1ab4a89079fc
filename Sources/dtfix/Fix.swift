// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DeviceTree
import JSONText
import Kexec
import RunningKernel
import SystemPackage

/// `dtfix fix`, or just `dtfix`: the next kernel's tree.
struct Fix: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fix",
    abstract: "The next kernel's tree (the default command).",
    discussion: """
      Takes the running kernel's device tree, removes what the last hand-over left in it, and adds what \
      the next kernel has to know. The result is read back by the next kernel's rules before it is \
      written; it holds seeds, so a file of it is readable by its owner only.

      EXAMPLES
        For a loader that puts the initrd at 1 GiB + 128 MiB:
          dtfix --for-kexec --initrd-at 0x48000000+0x1f9bb8 -o next.dtb
        What would be done, and why:
          dtfix --for-kexec --explain -o /dev/null
        For another machine, from its capture:
          dtfix --for-kexec --root captures/board7 --append 'debug' -o next.dtb
      """)

  @Flag(name: .customLong("for-kexec"), help: "For an ordinary kexec.")
  var forKexec = false

  @OptionGroup(title: "The machine") var source: SourceOptions
  @OptionGroup(title: "Changes") var changes: ChangeOptions
  @OptionGroup(title: "Output") var output: FixOutputOptions

  func run() throws {
    guard forKexec else { throw ValidationError("say what the tree is for: --for-kexec") }
    try output.check(inputs: inputs)
    let base = try baseTree()
    let commandLine = try self.commandLine(of: base)
    let handover = Handover(
      commandLine: commandLine?.line, initrd: changes.initrdAt, reservations: changes.reserve,
      seeds: try changes.seeds())
    let architecture = try architecture(of: base)
    let next = try nextTree(from: base, architecture, handover, commandLine?.source)
    try output.write(
      FixResult(
        source: base, architecture: architecture, blob: next.blob, changes: next.changes,
        hasSeeds: handover.seeds != .none))
  }
}

extension Fix {
  private func baseTree() throws(Failure) -> TreeFile {
    if let dtb = source.dtb { return try TreeFile(dtb) }
    return try TreeFile(of: source.machine)
  }

  /// The files that are read, whose place the result must not take.
  private var inputs: [String] {
    [source.dtb ?? source.machine.flatTreePath.string] + changes.overlay
  }

  /// The next kernel's command line, and what messages call its source; nil for none.
  private func commandLine(
    of base: TreeFile
  ) throws(Failure) -> (line: KernelCommandLine, source: String)? {
    if changes.noCommandLine { return nil }
    var result: (line: KernelCommandLine, source: String)
    if let text = changes.commandLine {
      result = (KernelCommandLine(text), "--command-line")
    } else if let (bytes, source) = try runningCommandLine(of: base) {
      result = (KernelCommandLine(reusing: bytes), source)
    } else if changes.append != nil {
      result = ("", "--append")
    } else {
      return nil
    }
    result.line.append(changes.append ?? "")
    return result
  }

  /// The machine's command line, or that of a tree that was named alone, as its kernel reads it.
  private func runningCommandLine(
    of base: TreeFile
  ) throws(Failure) -> (bytes: [UInt8], source: String)? {
    guard source.machineIsMeant || changes.reuseCmdline else {
      let value = try? base.tree.property(ChosenProperty.commandLine, of: ChosenProperty.node)
      return value.map { (Array($0.bytes.prefix { $0 != 0 }), base.name) }
    }
    let bytes = try fact { machine throws(MachineError) in try machine.commandLine() }
    return (bytes, source.machine.commandLinePath.string)
  }

  private func architecture(of base: TreeFile) throws(Failure) -> Architecture {
    if let arch = source.arch {
      guard let named = Architecture(named: arch) else {
        let known = Architecture.all.map(\.name).joined(separator: ", ")
        throw Failure(.usage, "--arch: no architecture \(arch); there are \(known)")
      }
      return named
    }
    if let described = Architecture(describedBy: base.tree) { return described }
    let name = try fact { machine throws(MachineError) in try machine.architectureName() }
    guard source.machineIsMeant, let name, let running = Architecture(named: name) else {
      throw Failure(.usage, "\(base.name): does not tell its architecture; say it with --arch")
    }
    return running
  }

  private func machineFacts() throws(Failure) -> MachineFacts {
    guard source.machineIsMeant else { return MachineFacts(pageSize: source.pageSize) }
    let map = try fact { machine throws(MachineError) in try machine.memoryMap() }
    let ram = map?.ranges(named: "System RAM")
    return MachineFacts(
      pageSize: try runningPageSize(),
      systemRAM: ram?.isEmpty == true ? nil : ram,
      reserved: map?.ranges(named: "reserved") ?? [])
  }

  private func runningPageSize() throws(Failure) -> UInt64? {
    if let pageSize = source.pageSize { return pageSize }
    return try fact { machine throws(MachineError) in try machine.pageSize() }
  }

  private func fact<Value>(
    _ read: (RunningKernel) throws(MachineError) -> Value
  ) throws(Failure) -> Value {
    do throws(MachineError) {
      return try read(source.machine)
    } catch {
      throw Failure(error)
    }
  }

  private func nextTree(
    from base: TreeFile, _ architecture: Architecture, _ handover: Handover,
    _ commandLineSource: String?
  ) throws(Failure) -> NextTree {
    let edits = try changes.edits()
    let machine = try machineFacts()
    do throws(PlanError) {
      return try NextTree(
        from: base.tree, edits: edits, for: architecture, handover: handover, machine: machine)
    } catch {
      throw Failure(error, in: base.name, commandLineOf: commandLineSource ?? "--command-line")
    }
  }
}
