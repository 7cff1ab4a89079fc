// SPDX-License-Identifier: Apache-2.0

import Kexec
import Loading
import RunningKernel
import SystemPackage

// What options say of a tree and its machine, in the words of Loading.
extension SourceOptions {
  /// All files that may be read; `-` is standard input.
  var paths: [String] {
    let files = [machine.commandLinePath, machine.memoryMapPath, machine.corePath]
    let trees = [machine.flatTreePath, machine.liveTreePath].map(\.string)
    return (dtb.map { [$0] } ?? trees) + files.map(\.string) + [mergeDTB].compactMap { $0 }
  }

  /// The machine, if its facts go with the tree; nothing is read of it yet.
  var meantMachine: MachineSnapshot? { machineIsMeant ? machine.snapshot() : nil }

  /// Where tree and facts come from, for a tree alone.
  func source() throws(Failure) -> LoadSource {
    var options = PlanOptions()
    try tell(&options)
    return LoadSource(options, on: meantMachine)
  }

  /// Says where tree and facts come from.
  func tell(_ options: inout PlanOptions) throws(Failure) {
    if let arch { options.architecture = try Self.architecture(named: arch) }
    options.pageSize = pageSize
    options.treeOrigin = origin.from
    if let path = mergeDTB ?? dtb { options.tree = try TreeFile(path) }
    options.mergesTree = mergeDTB != nil
  }

  /// Refuses a tree that a plan would not look at, before it is opened.
  func refuseNeedlessTree(on meantMachine: inout MachineSnapshot?) throws(Failure) {
    guard let path = mergeDTB ?? dtb else { return }
    var options = PlanOptions()
    if let arch { options.architecture = try Self.architecture(named: arch) }
    try failing { () throws(KexecError) in
      var source = LoadSource(options, on: meantMachine)
      let told = try source.toldArchitecture()
      meantMachine = source.machine
      if let told { try LoadSource.refuse(tree: path, for: told) }
    }
  }

  /// The architecture that `--arch` says.
  private static func architecture(named name: String) throws(Failure) -> Architecture {
    guard let named = Architecture(named: name) else {
      let known = Architecture.all.map(\.name).joined(separator: ", ")
      throw Failure(.usage, "--arch: no architecture \(name); there are \(known)")
    }
    return named
  }

  /// The next kernel's command line: the caller's, or the machine's; of a tree that was named alone,
  /// its own.
  func commandLine(
    _ changes: ChangeOptions, forCrash: Bool
  ) throws(Failure) -> CommandLineChoice {
    if changes.noCommandLine { return .omitted }
    var line: KernelCommandLine
    if let text = changes.commandLine {
      line = KernelCommandLine(text)
    } else if usesRunningCommandLine(changes) {
      line = try failing { () throws(KexecError) in
        var running = machine.snapshot()
        return try running.readCommandLine(forCrash: forCrash)
      }
    } else {
      return .ofTree(appending: changes.append ?? "")
    }
    line.append(changes.append ?? "")
    return .given(line)
  }

  /// What messages call the source of the command line.
  func commandLineName(_ changes: ChangeOptions, _ base: TreeFile) -> String {
    if changes.commandLine != nil { return "--command-line" }
    return usesRunningCommandLine(changes) ? machine.commandLinePath.string : base.name
  }

  private func usesRunningCommandLine(_ changes: ChangeOptions) -> Bool {
    machineIsMeant || changes.reuseCmdline
  }
}
