// SPDX-License-Identifier: Apache-2.0

import KernelImage
import Kexec
import Loading
import RunningKernel
import SystemPackage

// What a tree's machine says, as far as it is meant.
extension SourceOptions {
  /// All files that may be read; `-` is standard input.
  var paths: [String] {
    let files = [machine.commandLinePath, machine.memoryMapPath, machine.corePath]
    let trees = [machine.flatTreePath, machine.liveTreePath].map(\.string)
    return (dtb.map { [$0] } ?? trees) + files.map(\.string) + [mergeDTB].compactMap { $0 }
  }

  /// The tree that was named, or the machine's.
  func tree() throws(Failure) -> TreeFile {
    if let file = mergeDTB ?? dtb { return try TreeFile(file) }
    return try machineTree()
  }

  private var sourceMachine: SourceMachine { machineOptions.sourceMachine }

  /// The machine's own tree.
  private func machineTree() throws(Failure) -> TreeFile {
    try loading { () throws(LoadingError) in try sourceMachine.tree(origin.from) }
  }

  /// The machine's tree, if it is to be merged into the one that was named.
  func treeToMerge() throws(Failure) -> TreeFile? {
    mergeDTB == nil ? nil : try machineTree()
  }

  /// The next kernel's architecture: what was said; else the running kernel's, if it is to be
  /// replaced; else what the tree describes.
  ///
  /// - Parameter kernel: what is started, which tells where nothing else does.
  func architecture(
    of base: TreeFile, or kernel: KernelImage? = nil
  ) throws(Failure) -> Architecture {
    if let told = try toldArchitecture() { return told }
    let own = kernel.flatMap { Architecture(named: "\($0.machine)") }
    guard let described = Architecture(describedBy: base.tree) ?? own else {
      throw Failure(.usage, "\(base.name): does not tell its architecture; say it with --arch")
    }
    return described
  }

  /// What was said, or the running kernel's, if it is to be replaced; nil when only a tree can tell.
  func toldArchitecture() throws(Failure) -> Architecture? {
    if let arch {
      guard let named = Architecture(named: arch) else {
        let known = Architecture.all.map(\.name).joined(separator: ", ")
        throw Failure(.usage, "--arch: no architecture \(arch); there are \(known)")
      }
      return named
    }
    guard machineIsMeant else { return nil }
    return try coreFact { machine throws(LoadingError) in try machine.architecture() }
  }

  /// The machine's `/proc/iomem`; nil of one that is not meant.
  func memoryMap() throws(Failure) -> MemoryMap? {
    guard machineIsMeant else { return nil }
    return try loading { () throws(LoadingError) in try sourceMachine.memoryMap() }
  }

  /// What is known about the machine, and why its memory is not; of one that is not meant, what was
  /// said.
  ///
  /// - Parameter map: what ``memoryMap()`` gave.
  func facts(
    listedIn map: MemoryMap?, for architecture: Architecture
  ) throws(Failure) -> (facts: MachineFacts, missing: LoadingError?) {
    guard machineIsMeant else { return (MachineFacts(pageSize: pageSize), nil) }
    let pageSize = try runningPageSize()
    return try loading { () throws(LoadingError) in
      try sourceMachine.facts(listedIn: map, pageSize: pageSize, for: architecture)
    }
  }

  /// The next kernel's command line: the caller's, or the machine's; of a tree that was named alone,
  /// its own.
  ///
  /// - Parameters:
  ///   - own: what the kernel brings with it.
  ///   - architecture: the next kernel's, where it may be one that takes no tree.
  func commandLine(
    _ changes: ChangeOptions, forCrash: Bool, own: String? = nil,
    for architecture: Architecture? = nil
  ) throws(Failure) -> CommandLineChoice {
    if changes.noCommandLine { return .omitted }
    var line: KernelCommandLine
    if let text = changes.commandLine ?? (changes.reuseCmdline ? nil : own) {
      line = KernelCommandLine(text)
    } else if usesRunningCommandLine(changes) {
      line = try loading { () throws(LoadingError) in
        try sourceMachine.commandLine(forCrash: forCrash, for: architecture)
      }
    } else {
      return .ofTree(appending: changes.append ?? "")
    }
    line.append(changes.append ?? "")
    return .given(line)
  }

  /// What messages call the source of the command line.
  func commandLineName(_ changes: ChangeOptions, _ base: TreeFile?) -> String {
    if changes.commandLine != nil { return "--command-line" }
    guard let base, !usesRunningCommandLine(changes) else { return machine.commandLinePath.string }
    return base.name
  }

  private func usesRunningCommandLine(_ changes: ChangeOptions) -> Bool {
    machineIsMeant || changes.reuseCmdline
  }

  private func runningPageSize() throws(Failure) -> UInt64? {
    if let pageSize { return pageSize }
    return try coreFact { machine throws(LoadingError) in try machine.pageSize() }
  }

  /// A fact that an option can stand in for.
  private func coreFact<Value>(
    _ read: (SourceMachine) throws(LoadingError) -> Value
  ) throws(Failure) -> Value {
    do throws(LoadingError) {
      return try read(sourceMachine)
    } catch {
      guard !error.message.contains("\n") else { throw Failure(error) }
      throw Failure(LoadingError(error.code, error.message, remedy: .architectureAndPageSize))
    }
  }
}
