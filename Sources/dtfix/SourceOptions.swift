// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
import Kexec
public import Loading
import RunningKernel
import SystemPackage

extension TreeOrigin: ExpressibleByArgument {}

/// Where a command finds its machine.
struct MachineOptions: ParsableArguments {
  @Option(help: .value("folder", "The machine: / for this one, or the folder of a capture."))
  var root: String?

  var machine: RunningKernel { RunningKernel(root: FilePath(root ?? "/")) }

  func validate() throws {
    try require(root != "", "--root is the name of a folder, not empty")
  }
}

extension ArgumentHelp {
  /// Of the option `--from`.
  static let treeOrigin = value(
    "tree",
    """
    Which of the machine's trees: flat (/sys/firmware/fdt), or live (/proc/device-tree). The default is flat; \
    on powerpc, where the flat tree is not kept up to date, and where there is no flat tree, live.
    """)
}

/// Where a command finds its tree, and the facts that go with it.
struct SourceOptions: ParsableArguments {
  @OptionGroup var machineOptions: MachineOptions

  @Option(
    name: [.customShort("i"), .customLong("dtb")],
    help: .value(
      "file",
      """
      The tree to use instead of the machine's: a blob, a folder such as /proc/device-tree, or a tar \
      archive of one; - is standard input.
      """))
  var dtb: String?

  @Option(help: .treeOrigin)
  var from: TreeOrigin?

  @Option(
    name: .customLong("merge-dtb"),
    help: .value(
      "file",
      """
      A tree of the machine's board to use, completed by what only the machine's own tree has: memory, \
      reserved memory and reservations, linux,uefi-*, serial number, MAC addresses.
      """))
  var mergeDTB: String?

  @Option(
    help: .value(
      "name",
      """
      The next kernel's architecture, if neither tree nor machine has it: aarch64, riscv64, …; other for \
      one whose limits are not known here.
      """))
  var arch: String?

  @Option(
    help: .value(
      "bytes",
      """
      Page size of the running kernel, if the machine does not have it: an old initrd may be reserved in \
      whole pages.
      """))
  var pageSize: UInt64?

  var machine: RunningKernel { machineOptions.machine }

  /// Whether facts of the machine go with the tree: not with -i alone.
  var usesMachine: Bool { dtb == nil || machineOptions.root != nil }

  func validate() throws {
    try require(
      dtb == nil || mergeDTB == nil,
      "-i and --merge-dtb exclude each other: -i takes a tree as it is, --merge-dtb completes it")
    try require(
      dtb == nil || from == nil,
      "-i and --from exclude each other: --from is for the machine's trees")
    guard let pageSize, ![4096, 16384, 65536].contains(pageSize) else { return }
    throw ValidationError("--page-size is 4096, 16384 or 65536, not \(pageSize)")
  }
}

// The options as a request.
extension SourceOptions {
  /// All files that may be read; `-` is standard input.
  var paths: [String] {
    let files = [machine.commandLinePath, machine.memoryMapPath, machine.corePath]
    let trees = [machine.flatTreePath, machine.liveTreePath].map(\.string)
    return (dtb.map { [$0] } ?? trees) + files.map(\.string) + [mergeDTB].compactMap { $0 }
  }

  /// The machine, if its facts go with the tree; nothing is read of it yet.
  var usedMachine: MachineSnapshot? { usesMachine ? machine.snapshot() : nil }

  /// The request by all options of tree, machine and changes; overlays are read elsewhere.
  func options(_ changes: ChangeOptions) throws -> RequestOptions {
    var options = try architectureOption()
    options.pageSize = pageSize
    options.treeOrigin = from
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

  /// Refuses a tree that a plan would not use, before it is opened.
  func refuseUnusedTree(on usedMachine: inout MachineSnapshot?) throws(Failure) {
    guard let path = mergeDTB ?? dtb else { return }
    let options = try architectureOption()
    try failing { () throws(KexecError) in
      var source = RequestSource(options, on: usedMachine)
      let known = try source.knownArchitecture()
      usedMachine = source.machine
      if let known { try RequestSource.refuse(tree: path, for: known) }
    }
  }

  /// A request with the architecture of `--arch` alone.
  private func architectureOption() throws(Failure) -> RequestOptions {
    var options = RequestOptions()
    guard let arch else { return options }
    options.architecture = Architecture(named: arch)
    guard options.architecture != nil else {
      let known = Architecture.all.map(\.name).joined(separator: ", ")
      throw Failure(.usage, "--arch: no architecture \(arch); there are \(known)")
    }
    return options
  }
}
