// SPDX-License-Identifier: Apache-2.0

import Kexec
import Loading
import RunningKernel
import SystemPackage

// What options say of a tree and its machine.
extension SourceOptions {
  /// All files that may be read; `-` is standard input.
  var paths: [String] {
    let files = [machine.commandLinePath, machine.memoryMapPath, machine.corePath]
    let trees = [machine.flatTreePath, machine.liveTreePath].map(\.string)
    return (dtb.map { [$0] } ?? trees) + files.map(\.string) + [mergeDTB].compactMap { $0 }
  }

  /// The machine, if its facts go with the tree; nothing is read of it yet.
  var meantMachine: MachineSnapshot? { machineIsMeant ? machine.snapshot() : nil }

  /// What the options say of tree, machine and changes; the overlays are read elsewhere.
  func options(_ changes: ChangeOptions) throws -> RequestOptions {
    var options = RequestOptions()
    if let arch { options.architecture = try Self.architecture(named: arch) }
    options.pageSize = pageSize
    options.treeOrigin = origin.from
    if let path = mergeDTB ?? dtb { options.tree = try TreeFile(path) }
    options.mergesTree = mergeDTB != nil
    if let text = changes.commandLine {
      options.commandLine = .given(KernelCommandLine(text), name: "--command-line")
    }
    if changes.noCommandLine { options.commandLine = .omitted }
    if changes.reuseCmdline { options.commandLine = .running(machine.snapshot()) }
    options.append = changes.append ?? ""
    options.edits = changes.edits
    options.reservations = changes.reserve
    options.seeds = try changes.seeds()
    return options
  }

  /// Refuses a tree that a plan would not look at, before it is opened.
  func refuseNeedlessTree(on meantMachine: inout MachineSnapshot?) throws(Failure) {
    guard let path = mergeDTB ?? dtb else { return }
    var options = RequestOptions()
    if let arch { options.architecture = try Self.architecture(named: arch) }
    try failing { () throws(KexecError) in
      var source = RequestSource(options, on: meantMachine)
      let known = try source.knownArchitecture()
      meantMachine = source.machine
      if let known { try RequestSource.refuse(tree: path, for: known) }
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
}
