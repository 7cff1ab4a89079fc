// SPDX-License-Identifier: Apache-2.0

public import CDTFix
import DeviceTree
import Kexec
import Loading
import PhysicalMemory
import RunningKernel

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_patch")
public func dtfix_tree_patch(
  _ tree: OpaquePointer?, _ handover: UnsafePointer<dtfix_handover>?, _ machine: OpaquePointer?,
  _ blob: HandlePlace?, _ report: HandlePlace?, _ error: HandlePlace?
) -> CInt {
  answer(error, blob, "blob") { () throws(CallFailure) in
    let base = try TreeObject.of(tree)
    let request = try unsafe PatchRequest(try dtfix_handover.given(handover, "handover"))
    let machine = try MachineObject.ifAny(machine)?.machine
    let (next, note) = try request.tree(from: base, on: machine)
    if let report = unsafe report {
      let findings = base.origin.warnings + next.warnings
      var lines = base.origin.notes
      if let note { lines.append("note: \(note)") }
      lines += next.changes.map(\.description)
      lines += findings.map { "warning: \($0)" }
      ReportObject(changes: next.changes, findings: findings, lines: lines).hand(to: report)
    }
    return BufferObject(next.blob)
  }
}

/// What `dtfix_handover` asks for.
private struct PatchRequest {
  let forCrash: Bool
  let architecture: Architecture?
  let commandLine: CommandLine
  let initrd: PhysicalRange?
  let coreHeader: PhysicalRange?
  let diskKeys: PhysicalRange?
  let backup: UInt64?
  let measurements: PhysicalRange?
  let liveUpdate: LiveUpdateHandover?
  let extras: [ExtraBuffer]
  let usableMemory: [PhysicalRange]
  let reservations: [PhysicalRange]
  let seeds: Seeds

  enum CommandLine {
    case omitted
    case ofTree(append: String)
    case running(append: String)
    case given(KernelCommandLine)
  }

  init(_ asked: dtfix_handover) throws(CallFailure) {
    let has = try unsafe flags(
      asked.flags,
      allowed: [
        DTFIX_NO_KASLR_SEED, DTFIX_NO_RNG_SEED, DTFIX_NO_COMMAND_LINE, DTFIX_REUSE_COMMAND_LINE,
      ], "handover")
    forCrash = try unsafe isForCrash(asked.purpose)
    architecture = try unsafe DTFixABI.architecture(asked.architecture)
    commandLine = try unsafe CommandLine(
      textIfAny(asked.command_line, "command_line"), append: textIfAny(asked.append, "append"),
      has)
    initrd = try unsafe rangeIfAny(asked.initrd, "initrd")
    coreHeader = try unsafe rangeIfAny(asked.core_header, "core_header")
    diskKeys = try unsafe rangeIfAny(asked.disk_keys, "disk_keys")
    backup = unsafe asked.has_backup != 0 ? asked.backup : nil
    measurements = try unsafe rangeIfAny(asked.measurements, "measurements")
    liveUpdate = try unsafe LiveUpdateHandover(
      rangeIfAny(asked.live_update_tree, "live_update_tree"),
      rangeIfAny(asked.live_update_scratch, "live_update_scratch"))
    extras = try unsafe list(asked.extras, asked.extra_count, "extras").map(ExtraBuffer.init)
    usableMemory = try unsafe ranges(
      asked.usable_memory, asked.usable_memory_count, "usable_memory")
    reservations = try unsafe ranges(asked.reservations, asked.reservation_count, "reservations")
    seeds = try unsafe Seeds.asked(
      kaslr: bytes(asked.kaslr_seed, asked.kaslr_seed_size, "kaslr_seed"),
      rng: bytes(asked.rng_seed, asked.rng_seed_size, "rng_seed"), has)
    guard forCrash == (coreHeader != nil) else {
      throw CallFailure(
        .usage,
        forCrash ? "a crash kernel needs a core header" : "a core header is for a crash kernel")
    }
    guard forCrash || usableMemory.isEmpty && diskKeys == nil && backup == nil else {
      throw CallFailure(.usage, "usable memory, disk keys and a backup are for a crash kernel")
    }
  }

  /// The tree, and what could not be learned about the machine.
  func tree(
    from base: TreeObject, on machine: MachineSnapshot?
  ) throws(CallFailure) -> (NextTree, note: String?) {
    let origin = base.origin
    var options = PlanOptions()
    options.architecture = architecture
    let (architecture, facts) = try ask { () throws(KexecError) in
      var source = LoadSource(options, on: machine)
      let architecture = try source.architecture(of: origin)
      return (architecture, try source.facts(for: architecture))
    }
    if forCrash { try checkMemory(facts, isMachine: machine != nil) }
    let handover = try handover(architecture, facts, machine)
    let tree = { (edits: [TreeEdit]) throws(KexecError) in
      try NextTree(
        from: origin.tree, edits: origin.edits + edits, for: architecture, handover: handover,
        machine: facts)
    }
    do throws(KexecError) {
      return (try tree(base.edits), facts.$memory.failure?.text)
    } catch {
      throw CallFailure(
        error.charged(to: base.edits, without: { try tree([]) }), in: origin.name)
    }
  }

  /// A machine has to have set memory apart, whatever is said of it.
  private func checkMemory(
    _ facts: MachineSnapshot, isMachine: Bool
  ) throws(CallFailure) {
    guard facts.crashRegions.isEmpty, isMachine || usableMemory.isEmpty else { return }
    if let missing = facts.$systemRAM.failure, missing.kind == .noPermission {
      throw CallFailure(missing)
    }
    throw CallFailure(.notOffered, "no memory is set apart for a crash kernel")
  }

  private func handover(
    _ architecture: Architecture, _ facts: MachineSnapshot, _ machine: MachineSnapshot?
  ) throws(CallFailure) -> Handover {
    let memory = usableMemory.isEmpty ? facts.crashRegions : usableMemory
    var handover = Handover(
      commandLine: try commandLine.choice(forCrash: forCrash, architecture, machine),
      initrd: initrd, reservations: reservations, seeds: seeds,
      crash: coreHeader.map {
        CrashHandover(coreHeader: $0, usableMemory: memory, backup: backup)
      })
    handover.crash?.diskKeys = diskKeys
    handover.measurements = measurements
    handover.liveUpdate = liveUpdate
    handover.extras = extras
    return handover
  }
}

extension LiveUpdateHandover {
  /// Both addresses, or nil for none.
  fileprivate init?(_ tree: PhysicalRange?, _ scratch: PhysicalRange?) throws(CallFailure) {
    guard (tree == nil) == (scratch == nil) else {
      throw CallFailure(.usage, "live_update: the tree and the scratch areas, both or none")
    }
    guard let tree, let scratch else { return nil }
    self.init(tree: tree, scratch: scratch)
  }
}

extension ExtraBuffer {
  fileprivate init(_ extra: dtfix_extra) throws(CallFailure) {
    let name = try unsafe text(extra.name, "extra.name")
    guard let range = try unsafe rangeIfAny(extra.range, "extra \(name)") else {
      throw .argument("extra \(name): memory of no size")
    }
    self.init(name: name, range: range)
  }
}

extension PatchRequest.CommandLine {
  fileprivate init(
    _ line: String?, append: String?, _ has: (Int) -> Bool
  ) throws(CallFailure) {
    let choices = [has(DTFIX_NO_COMMAND_LINE), has(DTFIX_REUSE_COMMAND_LINE), line != nil]
    guard choices.filter({ $0 }).count <= 1, !has(DTFIX_NO_COMMAND_LINE) || append == nil else {
      throw CallFailure(
        .usage, "command_line: one from here, from there, and none exclude each other")
    }
    if has(DTFIX_NO_COMMAND_LINE) {
      self = .omitted
    } else if let line {
      var whole = KernelCommandLine(line)
      whole.append(append ?? "")
      self = .given(whole)
    } else if has(DTFIX_REUSE_COMMAND_LINE) {
      self = .running(append: append ?? "")
    } else {
      self = .ofTree(append: append ?? "")
    }
  }

  fileprivate func choice(
    forCrash: Bool, _ architecture: Architecture, _ machine: MachineSnapshot?
  ) throws(CallFailure) -> CommandLineChoice {
    switch self {
    case .omitted: return .omitted
    case .ofTree(let words): return .ofTree(appending: words)
    case .given(let line): return .given(line)
    case .running(let words):
      guard let machine else {
        throw CallFailure(.usage, "the running kernel's command line, and no machine")
      }
      var line = try ask { () throws(KexecError) in
        var machine = machine
        return try machine.readCommandLine(forCrash: forCrash, for: architecture)
      }
      line.append(words)
      return .given(line)
    }
  }
}
