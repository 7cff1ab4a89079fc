// SPDX-License-Identifier: Apache-2.0

public import Kexec
import RunningKernel

/// What is to be loaded: files that have been read and opened, and a machine. It becomes a plan for
/// kexec_load(2), or is left to kexec_file_load(2).
public struct LoadJob: Sendable {
  /// The kernel, and what it brings with it.
  public let kernel: KernelInput
  /// The initrds as one, or that of the kernel; nil for none.
  public let initrd: [UInt8]?
  /// How it becomes a plan.
  public let options: PlanOptions
  /// Where the tree and the facts come from.
  let source: LoadSource
  /// All files, as they were read.
  let files: FileSet
  /// The overlays, in order.
  let overlays: [TreeFile]

  /// Opens all files of a set, and looks at nothing else yet.
  ///
  /// - Parameters:
  ///   - files: the set; it has a kernel.
  ///   - options: how it becomes a plan.
  ///   - machine: the machine whose facts count, of which more is read as it is needed; nil for a tree alone.
  ///   - progress: called now and then with the bytes of the kernel that were unpacked so far.
  /// - Throws: ``KexecError`` for a file that is not what it is added as, and for what does not go
  ///   together.
  public init(
    _ files: FileSet, _ options: PlanOptions = PlanOptions(), on machine: MachineSnapshot?,
    progress: ((Int) -> Void)? = nil
  ) throws(KexecError) {
    guard let file = files.item(.kernel) else {
      throw KexecError(.usage, "no kernel: a set of files has one")
    }
    try options.check(files, on: machine)
    kernel = try KernelInput(
      file.bytes, named: file.name, profile: options.profile, progress: progress)
    initrd = LoadRequest.joining(files.items(.initrd).map(\.bytes)) ?? kernel.initrd
    var source = LoadSource(options, on: machine)
    if options.architecture == nil { source.machine?.read(.kernel) }
    if let item = files.item(.tree) { source.namedTree = try TreeFile(item) }
    self.source = source
    var overlays: [TreeFile] = []
    for item in files.items(.overlay) { overlays.append(try TreeFile(item)) }
    self.overlays = overlays
    self.files = files
    self.options = options
  }
}

extension TreeFile {
  fileprivate init(_ item: FileSet.Item) throws(KexecError) {
    try self.init(item.bytes, named: item.name)
  }
}

extension PlanOptions {
  /// Refuses what does not go together.
  fileprivate func check(_ files: FileSet, on machine: MachineSnapshot?) throws(KexecError) {
    let tree = tree?.name ?? files.item(.tree)?.name
    if let one = self.tree, let other = files.item(.tree) {
      throw KexecError(
        .usage, "\(other.name): a second tree, besides \(one.name): there can be one only")
    }
    if mergesTree {
      guard tree != nil, machine != nil else {
        throw KexecError(
          .usage, "a tree is to be completed by a machine's, and not both are named")
      }
    } else if let tree, treeOrigin != nil {
      throw KexecError(.usage, "\(tree): a tree, and a choice between the machine's: not both")
    }
    if handsOnMeasurements, let item = files.item(.measurements) {
      throw KexecError(.usage, "\(item.name): measurements besides the machine's: not both")
    }
    if case .running = commandLine, let item = files.item(.commandLine) {
      throw KexecError(.usage, "\(item.name): a command line besides the machine's: not both")
    }
    guard forCrash else { return try checkForKexec(files) }
    guard machine != nil else {
      throw KexecError(
        .usage, "a crash kernel is for a machine that may crash, and none is named")
    }
    guard given.backup == nil else {
      throw KexecError(.usage, "a place for the backup: a plan finds one")
    }
    if handsOnMeasurements || files.item(.measurements) != nil {
      throw KexecError(.usage, "a measurement list is not for a crash kernel")
    }
  }

  private func checkForKexec(_ files: FileSet) throws(KexecError) {
    guard given == GivenFacts() else {
      throw KexecError(.usage, "facts by hand are for a crash kernel")
    }
    if let item = files.item(.coreHeader) {
      throw KexecError(.usage, "\(item.name): a core header is for a crash kernel")
    }
  }
}
