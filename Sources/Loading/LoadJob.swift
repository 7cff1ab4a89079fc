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
  public let options: RequestOptions
  /// The options completed by the files, and the machine.
  let source: RequestSource
  /// All files, as they were read.
  let files: FileSet

  /// Opens all files of a set, and looks at nothing else yet.
  ///
  /// - Parameters:
  ///   - files: the set; it has a kernel.
  ///   - options: how it becomes a plan.
  ///   - machine: the machine whose facts count, of which more is read as it is needed; nil for a tree alone.
  ///   - progress: called now and then with the bytes of the kernel that were unpacked so far.
  /// - Throws: `KexecError` for a file that is not what it is added as, and for what does not go
  ///   together.
  public init(
    _ files: FileSet, _ options: RequestOptions = RequestOptions(), on machine: MachineSnapshot?,
    progress: ((Int) -> Void)? = nil
  ) throws(KexecError) {
    guard let file = files.item(.kernel) else {
      throw KexecError(.usage, "no kernel: a set of files has one")
    }
    try options.check(files, on: machine)
    kernel = try KernelInput(
      file.bytes, named: file.name, profile: options.profile, progress: progress)
    initrd = Self.joining(files.items(.initrd).map(\.bytes)) ?? kernel.initrd
    var source = RequestSource(try options.completed(by: files), on: machine)
    if options.architecture == nil { source.machine?.read(.kernel) }
    self.source = source
    self.files = files
    self.options = options
  }

  /// Several initrds as one: each begins at a multiple of 4 bytes, as the kernel's unpacker wants
  /// (`init/initramfs.c:unpack_to_rootfs` skips the zeros between them); nil for none.
  static func joining(_ initrds: [[UInt8]]) -> [UInt8]? {
    guard var joined = initrds.first else { return nil }
    for initrd in initrds.dropFirst() {
      joined += [UInt8](repeating: 0, count: -joined.count & 3)
      joined += initrd
    }
    return joined
  }
}

extension TreeFile {
  fileprivate init(_ item: FileSet.Item) throws(KexecError) {
    try self.init(item.bytes, named: item.name)
  }
}

extension RequestOptions {
  /// The same with the tree, the overlays and the command line of a set.
  fileprivate func completed(by files: FileSet) throws(KexecError) -> RequestOptions {
    var options = self
    if let item = files.item(.tree) { options.tree = try TreeFile(item) }
    var overlays: [TreeEdit] = []
    for item in files.items(.overlay) {
      overlays.append(.overlay(try TreeFile(item).tree, name: item.name))
    }
    options.edits = overlays + edits
    if let item = files.item(.commandLine) {
      options.commandLine = .given(KernelCommandLine(bytes: item.bytes), name: item.name)
    }
    return options
  }

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
    if handsOnMeasurements, let item = files.item(.input(.imaBuffer)) {
      throw KexecError(.usage, "\(item.name): measurements besides the machine's: not both")
    }
    if case .running = commandLine, let item = files.item(.commandLine) {
      throw KexecError(.usage, "\(item.name): a command line besides the machine's: not both")
    }
    if commandLine == .omitted, files.item(.commandLine) != nil {
      throw KexecError(.usage, "a command line, and none is to be handed on: not both")
    }
    guard purpose == .crash else { return try checkForKexec(files) }
    guard machine != nil else {
      throw KexecError(
        .usage, "a crash kernel is for a machine that may crash, and none is named")
    }
    guard given.backup == nil else {
      throw KexecError(.usage, "a place for the backup: a plan finds one")
    }
    if handsOnMeasurements || files.item(.input(.imaBuffer)) != nil {
      throw KexecError(.usage, "a measurement list is not for a crash kernel")
    }
  }

  private func checkForKexec(_ files: FileSet) throws(KexecError) {
    guard given == GivenFacts() else {
      throw KexecError(.usage, "facts by hand are for a crash kernel")
    }
    if let item = files.item(.input(.coreHeader)) {
      throw KexecError(.usage, "\(item.name): a core header is for a crash kernel")
    }
  }
}
