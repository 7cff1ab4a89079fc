// SPDX-License-Identifier: Apache-2.0

public import Kexec
import RunningKernel

/// A kexec to be loaded: files that have been read, and a machine. It becomes a plan for kexec_load(2), or
/// arguments of kexec_file_load(2).
public struct LoadJob: Sendable {
  /// The kernel.
  public let kernel: KernelInput
  /// The concatenated initrds, or that of the unified kernel image; nil for none.
  public let initrd: [UInt8]?
  /// The options of the request.
  public let options: RequestOptions
  /// The options completed by the files, and the machine.
  let source: RequestSource
  /// All files, as they were read.
  let files: FileSet

  /// Parses all files of a set; the machine is read later.
  ///
  /// - Parameters:
  ///   - files: the set, with a kernel.
  ///   - options: the options of the request.
  ///   - machine: the machine, of which more is read as needed; nil for a tree alone.
  ///   - progress: called now and then with the number of bytes of the kernel unpacked so far.
  /// - Throws: `KexecError` for a file that is not of the kind it was added as, and for files and options that
  ///   exclude each other.
  public init(
    _ files: FileSet, _ options: RequestOptions = RequestOptions(), on machine: MachineSnapshot?,
    progress: ((Int) -> Void)? = nil
  ) throws(KexecError) {
    guard let file = files.item(.kernel) else {
      throw KexecError(.usage, "no kernel: the set needs one")
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

  /// The initrds concatenated, each at a multiple of 4 bytes, as `init/initramfs.c:unpack_to_rootfs` requires,
  /// which skips the zeros between them; nil for none.
  static func joining(_ initrds: [[UInt8]]) -> [UInt8]? {
    guard var joined = initrds.first else { return nil }
    for initrd in initrds.dropFirst() {
      joined += [UInt8](repeating: 0, count: -joined.count & 3)
      joined += initrd
    }
    return joined
  }
}

extension RequestOptions {
  /// The options with the tree, the overlays and the command line of a set.
  fileprivate func completed(by files: FileSet) throws(KexecError) -> RequestOptions {
    var options = self
    if let item = files.item(.tree) { options.tree = try TreeFile(item.bytes, named: item.name) }
    let overlays = try files.items(.overlay).map { (item) throws(KexecError) in
      TreeEdit.overlay(try TreeFile(item.bytes, named: item.name).tree, name: item.name)
    }
    options.edits = overlays + edits
    if let item = files.item(.commandLine) {
      options.commandLine = .given(KernelCommandLine(bytes: item.bytes), name: item.name)
    }
    return options
  }

  /// Refuses files and options that exclude each other.
  fileprivate func check(_ files: FileSet, on machine: MachineSnapshot?) throws(KexecError) {
    let tree = tree?.name ?? files.item(.tree)?.name
    let measurements = files.item(.input(.imaBuffer))
    let line = files.item(.commandLine)
    let elfcorehdr = files.item(.input(.coreHeader))
    if let first = self.tree, let second = files.item(.tree) {
      throw .second("tree", second.name, after: first.name)
    }
    var reusesLine = false
    if case .running = commandLine { reusesLine = true }
    let isCrash = purpose == .crash
    let refusals: [(Bool, String)] = [
      (mergesTree && (tree == nil || machine == nil), "merging needs a tree and a machine"),
      (
        !mergesTree && tree != nil && treeOrigin != nil,
        "\(tree ?? ""): replaces the machine's trees, so none can be chosen"
      ),
      (
        handsOnMeasurements && measurements != nil,
        "\(measurements?.name ?? ""): excludes the machine's own measurements"
      ),
      (reusesLine && line != nil, "\(line?.name ?? ""): excludes the machine's own command line"),
      (commandLine == .omitted && line != nil, KexecError.omittedCommandLine.text),
      (!isCrash && given != GivenFacts(), "facts given by hand are for a crash kernel"),
      (
        !isCrash && elfcorehdr != nil,
        "\(elfcorehdr?.name ?? ""): an elfcorehdr is for a crash kernel"
      ),
      (isCrash && machine == nil, "a crash kernel needs a machine, and none is named"),
      (isCrash && given.backup != nil, "a plan chooses the place of the backup itself"),
      (
        isCrash && (handsOnMeasurements || measurements != nil),
        "a crash kernel takes no IMA buffer"
      ),
    ]
    if let (_, text) = refusals.first(where: \.0) { throw KexecError(.usage, text) }
  }
}

extension KexecError {
  /// A command line is given and omitted.
  static let omittedCommandLine = KexecError(
    .usage, "a command line is given, but none is to be handed over")
}
