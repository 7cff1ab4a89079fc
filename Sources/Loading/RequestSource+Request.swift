// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Kexec
import RunningKernel
import SystemPackage

/// A request, and notes on where it came from.
public struct GatheredRequest: Sendable {
  /// The request.
  public var request: KexecRequest
  /// The tree it is made from; nil for an architecture that takes none.
  public let tree: TreeFile?
  /// The machine's tree that completes it; nil for none.
  public let machineTree: TreeFile?
  /// What is not known, and what may surprise; a line each.
  public var notes: [String] = []
  /// The names of files in messages.
  public var names: SubjectNames
}

extension RequestSource {
  /// The request for a tree, whose inputs have addresses.
  ///
  /// - Throws: `KexecError` that names its subject.
  package mutating func gathered() throws(KexecError) -> GatheredRequest {
    let (base, architecture) = try treeAndArchitecture()
    let line = try commandLine(of: nil, for: architecture, base)
    let facts = try facts(for: architecture)
    try checkCrashRegions(facts)
    return try gathered(base, architecture, facts, line, of: nil)
  }

  /// The request for an architecture, a tree and a machine.
  ///
  /// - Parameter kernel: the kernel; nil for a tree alone.
  mutating func gathered(
    _ base: TreeFile?, _ architecture: Architecture, _ facts: MachineSnapshot,
    _ line: (choice: CommandLineChoice, name: String), of kernel: KernelInput?
  ) throws(KexecError) -> GatheredRequest {
    let seeds = if let given = options.seeds { given } else { try Seeds.fresh() }
    var request = KexecRequest(
      for: options.purpose, architecture, tree: base?.tree, on: facts, commandLine: line.choice,
      seeds: seeds, inputs: options.inputs)
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

  /// The names of files in messages.
  func names(of kernel: KernelInput?, _ base: TreeFile?, commandLine: String) -> SubjectNames {
    let root = machine?.root
    let tree = base?.name ?? root ?? kernel?.name ?? ""
    var names = SubjectNames(tree, result: kernel == nil ? tree : "the plan")
    names.commandLine = commandLine
    if let kernel { (names.kernel, names.initrd, names.machine) = (kernel.name, kernel.name, root) }
    return names
  }

  /// Refuses a crash kernel for a machine that sets no memory apart.
  private func checkCrashRegions(_ facts: MachineSnapshot) throws(KexecError) {
    guard options.purpose == .crash, facts.crashRegions.isEmpty,
      machine != nil || options.usableMemory.isEmpty
    else { return }
    if let hidden = facts.$systemRAM.failure, hidden.kind == .noPermission { throw hidden }
    throw KexecError(.notOffered, KexecError.noCrashRegion.text, advice: .giveUsableMemory)
  }

  /// The next kernel's command line and the name of its source: the caller, the unified kernel image, the
  /// machine or the tree.
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
      guard options.append.isEmpty else { throw .omittedCommandLine }
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

/// The names of the subjects of failures in messages.
public struct SubjectNames: Hashable, Sendable {
  /// The kernel's file.
  public var kernel: String
  /// The tree's file; without one, the machine's folder.
  public var tree: String
  /// The source of the command line.
  public var commandLine: String
  /// The initrd's file, or the unified kernel image.
  public var initrd: String
  /// The machine's folder; nil without a machine.
  public var machine: String?
  /// The result.
  public var result: String

  /// One name for all, and another one for the result of a plan.
  public init(_ name: String, result: String? = nil) {
    (kernel, tree, commandLine, initrd, machine) = (name, name, name, name, name)
    self.result = result ?? name
  }

  /// The name of a subject; nil where the text has it.
  func name(of subject: KexecError.Subject) -> String? {
    switch subject {
    case .named: nil
    case .tree, .edit, .chosenProperty, .kaslrSeed, .usableMemory, .backup: tree
    case .architecture, .machine, .memoryMap: machine ?? tree
    case .kernel: kernel
    case .commandLine: commandLine
    case .handedOver(.initrd): initrd
    case .handedOver: nil
    case .result: result
    }
  }
}

extension KexecError {
  /// The same failure with the name of its subject in the text.
  public func naming(_ names: SubjectNames) -> KexecError {
    guard let name = names.name(of: subject) else { return self }
    return KexecError(kind, "\(name): \(text)", rule: rule, advice: advice, cause: cause)
  }
}

extension Seeds {
  /// Fresh seeds from getrandom(2), which waits until the kernel's generator is ready.
  ///
  /// - Throws: `KexecError.Kind.systemCall` where there is no such generator.
  public static func fresh() throws(KexecError) -> Seeds {
    Seeds(kaslr: try randomBytes(kaslrSize), rng: try randomBytes(rngSize))
  }

  /// Fresh bytes, by getentropy(3), which returns all bytes or none, 256 at most.
  package static func randomBytes(_ count: Int) throws(KexecError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let result = unsafe bytes.withUnsafeMutableBytes { unsafe getentropy($0.baseAddress, count) }
    guard result == 0 else { throw KexecError(.systemCall, "getrandom: no random bytes") }
    return bytes
  }
}
