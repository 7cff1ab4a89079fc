// SPDX-License-Identifier: Apache-2.0

public import Kexec
import RunningKernel
import SystemPackage

/// A request, and what there is to say of how it came about.
public struct GatheredRequest: Sendable {
  /// What is requested.
  public var request: KexecRequest
  /// The tree to start from; nil for an architecture that takes none.
  public let tree: TreeFile?
  /// The machine's tree that completes it; nil for none.
  public let machineTree: TreeFile?
  /// What could not be learned, and what was done otherwise than one may think; a line each.
  public var notes: [String] = []
  /// What messages call the parts.
  public var names: SubjectNames
}

extension RequestSource {
  /// The request for a tree: what is handed over has its places.
  ///
  /// - Throws: `KexecError`, which names its subject.
  package mutating func gathered() throws(KexecError) -> GatheredRequest {
    let (base, architecture) = try treeAndArchitecture()
    let line = try commandLine(of: nil, for: architecture, base)
    let facts = try facts(for: architecture)
    try checkCrashRegions(facts)
    return try gathered(base, architecture, facts, line, of: nil)
  }

  /// The request for an architecture, a tree and a machine.
  ///
  /// - Parameter kernel: what is started; nil for a tree alone.
  mutating func gathered(
    _ base: TreeFile?, _ architecture: Architecture, _ facts: MachineSnapshot,
    _ line: (choice: CommandLineChoice, name: String), of kernel: KernelInput?
  ) throws(KexecError) -> GatheredRequest {
    var request = KexecRequest(
      for: options.purpose, architecture, tree: base?.tree, on: facts, commandLine: line.choice,
      seeds: try seeds(), inputs: options.inputs)
    request.hasLiveState = base?.hasLiveState ?? false
    request.warnings = base?.warnings ?? []
    let own = try treeToMerge()
    if let own {
      request.machineTree = MachineTree(own.tree, name: own.name, facts: facts)
      request.warnings += own.warnings
    }
    request.edits = options.edits
    request.reservations = options.reservations
    request.usableMemory = options.usableMemory
    return GatheredRequest(
      request: request, tree: base, machineTree: own,
      names: names(of: kernel, base, commandLine: line.name))
  }

  private func seeds() throws(KexecError) -> Seeds {
    guard let seeds = options.seeds else { return try .fresh() }
    return seeds
  }

  /// What messages call the parts.
  func names(of kernel: KernelInput?, _ base: TreeFile?, commandLine: String) -> SubjectNames {
    let root = machine?.root
    let tree = base?.name ?? root ?? kernel?.name ?? ""
    var names = SubjectNames(tree, result: kernel == nil ? tree : "the plan")
    names.commandLine = commandLine
    if let kernel { (names.kernel, names.initrd, names.machine) = (kernel.name, kernel.name, root) }
    return names
  }

  /// A machine has to have set memory apart, whatever is said of it.
  private func checkCrashRegions(_ facts: MachineSnapshot) throws(KexecError) {
    guard options.purpose == .crash, facts.crashRegions.isEmpty,
      machine != nil || options.usableMemory.isEmpty
    else { return }
    if let hidden = facts.$systemRAM.failure, hidden.kind == .noPermission { throw hidden }
    throw KexecError(.notOffered, KexecError.noCrashRegion.text, advice: .giveUsableMemory)
  }

  /// The next kernel's command line, and where it comes from: the caller, the kernel itself, the machine,
  /// the tree.
  func commandLine(
    of kernel: KernelInput?, for architecture: Architecture, _ base: TreeFile?
  ) throws(KexecError) -> (choice: CommandLineChoice, name: String) {
    let ofTree = (
      CommandLineChoice.ofTree(appending: options.append), base?.name ?? kernel?.name ?? ""
    )
    var running = machine
    var (line, name) = (KernelCommandLine(""), "")
    switch options.commandLine {
    case .omitted:
      guard options.append.isEmpty else {
        throw KexecError(.usage, "a command line, and none is to be handed on: not both")
      }
      return (.omitted, kernel?.name ?? "")
    case .tree: return ofTree
    case .given(let given, let givenName):
      (line, name) = (given, givenName)
      running = nil
    case .running(let machine): running = machine
    case .usual:
      guard let own = kernel?.commandLine else { break }
      (line, name) = (KernelCommandLine(own), kernel?.name ?? "")
      running = nil
    }
    if var running {
      line = try running.readCommandLine(for: options.purpose, on: architecture)
      name = running.kernel.commandLinePath.string
    }
    guard !name.isEmpty else { return ofTree }
    line.append(options.append)
    return (.given(line), name)
  }
}
