// SPDX-License-Identifier: Apache-2.0

public import CDTFix
import DeviceTree
import Kexec
import Loading
import PhysicalMemory
import Reports
import RunningKernel

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_patch")
public func dtfix_tree_patch(
  _ tree: OpaquePointer?, _ handover: UnsafePointer<dtfix_handover>?, _ machine: OpaquePointer?,
  _ blob: HandlePlace?, _ report: HandlePlace?, _ error: HandlePlace?
) -> CInt {
  answer(error, blob, "blob") { () throws(CallFailure) in
    let base = try TreeObject.of(tree)
    let machine = try MachineObject.ifAny(machine)?.machine
    var options = try unsafe RequestOptions(
      try dtfix_handover.given(handover, "handover"), machine)
    (options.tree, options.edits) = (base.origin, base.edits)
    var source = RequestSource(options, on: machine)
    let gathered = try ask { () throws(KexecError) in try source.gathered() }
    let next: NextTree
    do throws(KexecError) {
      next = try NextTree(gathered.request)
    } catch {
      throw CallFailure(error, in: base.origin.name)
    }
    if let report = unsafe report {
      let made = TreeReport(gathered, next)
      ReportObject(changes: made.changes, findings: made.findings, lines: made.lines)
        .hand(to: report)
    }
    return BufferObject(next.blob)
  }
}

extension RequestOptions {
  /// What `dtfix_handover` requests of a tree.
  fileprivate init(
    _ handover: dtfix_handover, _ machine: MachineSnapshot?
  ) throws(CallFailure) {
    self.init()
    let has = try unsafe flags(
      handover.flags,
      allowed: [
        DTFIX_NO_KASLR_SEED, DTFIX_NO_RNG_SEED, DTFIX_NO_COMMAND_LINE, DTFIX_REUSE_COMMAND_LINE,
      ], "handover")
    try unsafe checkUnused(handover.unused, "handover")
    purpose = try unsafe DTFixABI.purpose(handover.purpose)
    architecture = try unsafe DTFixABI.architecture(handover.architecture)
    append = try unsafe textIfAny(handover.append, "append") ?? ""
    commandLine = try unsafe CommandLineSource(
      textIfAny(handover.command_line, "command_line"), hasWords: handover.append != nil, machine,
      has)
    inputs = try unsafe list(handover.inputs, handover.input_count, "inputs")
      .map(KexecRequest.Input.init)
    usableMemory = try unsafe ranges(
      handover.usable_memory, handover.usable_memory_count, "usable_memory")
    reservations = try unsafe ranges(
      handover.reservations, handover.reservation_count, "reservations")
    seeds = try unsafe Seeds.requested(
      kaslr: bytes(handover.kaslr_seed, handover.kaslr_seed_size, "kaslr_seed"),
      rng: bytes(handover.rng_seed, handover.rng_seed_size, "rng_seed"), has)
    guard purpose == .crash || usableMemory.isEmpty else {
      throw CallFailure(.usage, "usable memory is for a crash kernel")
    }
  }
}

extension KexecRequest.Input {
  /// What a loader has placed.
  fileprivate init(_ input: dtfix_input) throws(CallFailure) {
    try unsafe checkUnused(input.unused, "input")
    let number = unsafe input.type
    let name = try unsafe textIfAny(input.name, "input.name")
    let row = name.map(KexecInput.extra) ?? KexecInput.all.first { $0.number == number }
    guard let row, row.number == number else {
      throw .argument(
        name == nil
          ? "inputs: \(number) is no DTFIX_INPUT_…, or one that has a name"
          : "inputs: of type \(number), which has no name")
    }
    guard let range = try unsafe rangeIfAny(input.range, "\(row)") else {
      throw .argument("\(row): memory of no size")
    }
    self.init(row, .at(range))
  }
}

extension RequestOptions.CommandLineSource {
  /// Where the command line of a tree comes from: by default, from the tree.
  fileprivate init(
    _ line: String?, hasWords: Bool, _ machine: MachineSnapshot?, _ has: (Int) -> Bool
  ) throws(CallFailure) {
    let choices = [has(DTFIX_NO_COMMAND_LINE), has(DTFIX_REUSE_COMMAND_LINE), line != nil]
    guard choices.filter({ $0 }).count <= 1, !has(DTFIX_NO_COMMAND_LINE) || !hasWords else {
      throw CallFailure(
        .usage, "command_line: one from here, from there, and none exclude each other")
    }
    if has(DTFIX_NO_COMMAND_LINE) {
      self = .omitted
    } else if let line {
      self = .given(KernelCommandLine(line), name: "command_line")
    } else if has(DTFIX_REUSE_COMMAND_LINE) {
      guard let machine else {
        throw CallFailure(.usage, "the running kernel's command line, and no machine")
      }
      self = .running(machine)
    } else {
      self = .tree
    }
  }
}
