// SPDX-License-Identifier: Apache-2.0

public import Kexec
import RunningKernel
import SystemPackage

extension LoadJob {
  /// All that a plan is made of, gathered: what Kexec makes a plan of by itself.
  public struct Gathered: Sendable {
    /// What is to be started, and what it is to be told.
    public var request: LoadRequest
    /// The architecture of both kernels.
    public var architecture: Architecture
    /// What is known about the machine.
    public var machine: MachineSnapshot
    /// What could not be learned, and what was done otherwise than one may think; a line each.
    public var notes: [String]
    /// What messages call the parts.
    public var names: SubjectNames
  }

  /// Asks the machine, and gathers all that a plan is made of.
  ///
  /// - Throws: ``KexecError`` for what is missing.
  public func gathered() throws(KexecError) -> Gathered {
    let image = try kernel.image
    var source = source
    let (architecture, base) = try architectureAndTree(&source)
    let (line, lineName) = try commandLine(for: architecture, base)
    var request = LoadRequest(
      kernel: image, bytes: kernel.bytes, tree: base?.tree, commandLine: line,
      seeds: try seeds())
    request.initrd = initrd
    request.edits = base?.edits ?? []
    request.warnings = base?.warnings ?? []
    request.reservations = options.reservations
    if options.forCrash { try source.readCrashFacts(for: architecture, given: options.given) }
    // Until the kernel says so, it is little-endian.
    source.machine?.read(.core)
    let facts = try memory(base, &source, for: architecture)
    if options.forCrash { request.crash = facts }
    if let own = try source.treeToMerge() {
      request.edits += [.merge(MachineTree(own.tree, name: own.name, facts: facts))]
      request.warnings += own.warnings
    }
    request.edits += overlays.map { .overlay($0.tree, name: $0.name) } + options.edits
    try addParts(to: &request)
    return Gathered(
      request: request, architecture: architecture, machine: facts,
      notes: (base?.notes ?? []) + kernel.notes + (options.forCrash ? facts.crashNotes : []),
      names: names(base, commandLine: lineName))
  }

  /// What messages call the parts.
  func names(_ base: TreeFile?, commandLine: String) -> SubjectNames {
    let root = source.machine?.root
    var names = SubjectNames(kernel.name, result: "the plan")
    names.tree = base?.name ?? root ?? kernel.name
    names.commandLine = commandLine
    names.initrd = files.item(.initrd)?.name ?? kernel.name
    names.machine = root
    return names
  }

  private func seeds() throws(KexecError) -> Seeds {
    guard let seeds = options.seeds else { return try .fresh() }
    return seeds
  }

  /// The next kernel's command line, and where it comes from: the caller, the kernel itself, the machine,
  /// the tree.
  func commandLine(
    for architecture: Architecture, _ base: TreeFile?
  ) throws(KexecError) -> (CommandLineChoice, name: String) {
    let item = files.item(.commandLine)
    var running = source.machine
    switch options.commandLine {
    case .omitted:
      guard item == nil, options.append.isEmpty else {
        throw KexecError(.usage, "a command line, and none is to be handed on: not both")
      }
      return (.omitted, kernel.name)
    case .running(let machine): running = machine
    case .usual: break
    }
    var (line, name) = (KernelCommandLine(""), "")
    if let item {
      (line, name) = (KernelCommandLine(bytes: item.bytes), item.name)
    } else if options.commandLine == .usual, let own = kernel.commandLine {
      (line, name) = (KernelCommandLine(own), kernel.name)
    } else if var running {
      line = try running.readCommandLine(forCrash: options.forCrash, for: architecture)
      name = running.kernel.commandLinePath.string
    } else {
      return (.ofTree(appending: options.append), base?.name ?? kernel.name)
    }
    line.append(options.append)
    return (.given(line), name)
  }
}
