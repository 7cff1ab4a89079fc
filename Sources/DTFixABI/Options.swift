// SPDX-License-Identifier: Apache-2.0

import CDTFix
import Kexec
import Loading
import PhysicalMemory
import RunningKernel

extension RequestOptions {
  private static let commonFlags = [
    DTFIX_NO_KASLR_SEED, DTFIX_NO_RNG_SEED, DTFIX_NO_COMMAND_LINE, DTFIX_REUSE_COMMAND_LINE,
  ]

  /// The members that `dtfix_handover` and `dtfix_plan_options` share.
  private init(
    purpose: UInt32, flags: UInt32, allowed: [Int], architecture: UnsafePointer<CChar>?,
    commandLine line: String? = nil, append: UnsafePointer<CChar>?, reservations: [PhysicalRange],
    kaslr: [UInt8], rng: [UInt8], _ machine: MachineSnapshot?
  ) throws(CallFailure) {
    self.init()
    let has = try DTFixABI.flags(flags, allowed: allowed, "flags")
    self.purpose = try DTFixABI.purpose(purpose)
    self.architecture = try DTFixABI.architecture(architecture)
    self.append = try textIfAny(append, "append") ?? ""
    self.reservations = reservations
    seeds = try Seeds.requested(kaslr: kaslr, rng: rng, has)
    mergesTree = has(DTFIX_MERGE_TREE)
    handsOnMeasurements = has(DTFIX_HAND_OVER_IMA)
    let choices = [has(DTFIX_NO_COMMAND_LINE), has(DTFIX_REUSE_COMMAND_LINE), line != nil]
    guard choices.filter({ $0 }).count <= 1 else {
      throw CallFailure(
        .usage, "command_line, DTFIX_NO_COMMAND_LINE, DTFIX_REUSE_COMMAND_LINE: use only one")
    }
    if has(DTFIX_NO_COMMAND_LINE) {
      commandLine = .omitted
    } else if has(DTFIX_REUSE_COMMAND_LINE) {
      guard let machine else {
        throw CallFailure(.usage, "DTFIX_REUSE_COMMAND_LINE: needs a machine")
      }
      commandLine = .running(machine)
    } else if let line {
      commandLine = .given(KernelCommandLine(line), name: "command_line")
    }
  }

  /// The options of dtfix_tree_patch; the command line is the tree's by default.
  init(_ handover: dtfix_handover, _ machine: MachineSnapshot?) throws(CallFailure) {
    try unsafe checkUnused(handover.unused, "handover")
    try unsafe self.init(
      purpose: handover.purpose, flags: handover.flags, allowed: Self.commonFlags,
      architecture: handover.architecture,
      commandLine: textIfAny(handover.command_line, "command_line"), append: handover.append,
      reservations: ranges(handover.reservations, handover.reservation_count, "reservations"),
      kaslr: bytes(handover.kaslr_seed, handover.kaslr_seed_size, "kaslr_seed"),
      rng: bytes(handover.rng_seed, handover.rng_seed_size, "rng_seed"), machine)
    if commandLine == .usual { commandLine = .tree }
    inputs = try unsafe list(handover.inputs, handover.input_count, "inputs")
      .map(KexecRequest.Input.init)
    usableMemory = try unsafe ranges(
      handover.usable_memory, handover.usable_memory_count, "usable_memory")
    guard purpose == .crash || usableMemory.isEmpty else {
      throw CallFailure(.usage, "usable_memory: only for a crash kernel")
    }
  }

  /// The options of dtfix_plan_make.
  init(_ options: dtfix_plan_options, _ machine: MachineSnapshot?) throws(CallFailure) {
    try unsafe self.init(
      purpose: options.purpose, flags: options.flags,
      allowed: Self.commonFlags + [DTFIX_MERGE_TREE, DTFIX_HAND_OVER_IMA],
      architecture: options.architecture, append: options.append,
      reservations: ranges(options.reservations, options.reservation_count, "reservations"),
      kaslr: bytes(options.kaslr_seed, options.kaslr_seed_size, "kaslr_seed"),
      rng: bytes(options.rng_seed, options.rng_seed_size, "rng_seed"), machine)
    pageSize = unsafe options.page_size == 0 ? nil : options.page_size
    guard [nil, 4096, 16384, 65536].contains(pageSize) else {
      throw .argument("page_size: 4096, 16384 or 65536, not \(pageSize ?? 0)")
    }
    treeOrigin = try unsafe DTFixABI.treeOrigin(options.tree_origin)
    profile = unsafe Int(options.profile)
    given.excluded = try unsafe ranges(options.excluded, options.excluded_count, "excluded")
  }
}

extension KexecRequest.Input {
  fileprivate init(_ input: dtfix_input) throws(CallFailure) {
    try unsafe checkUnused(input.unused, "input")
    let number = unsafe input.type
    let name = try unsafe textIfAny(input.name, "input.name")
    let row = name.map(KexecInput.extra) ?? KexecInput.all.first { $0.number == number }
    guard let row, row.number == number else {
      throw .argument(
        name == nil
          ? "inputs: \(number) is not a DTFIX_INPUT_… without a name"
          : "inputs: type \(number) has no name")
    }
    guard let range = try unsafe rangeIfAny(input.range, "\(row)") else {
      throw .argument("\(row): empty range")
    }
    self.init(row, .at(range))
  }
}

extension Seeds {
  /// A caller's seeds, completed by fresh ones where they are not omitted; nil if the caller has no choice of any,
  /// because kexec_file_load, which makes its own seeds, can be chosen only then.
  fileprivate static func requested(
    kaslr: [UInt8], rng: [UInt8], _ has: (Int) -> Bool
  ) throws(CallFailure) -> Seeds? {
    let (noKASLR, noRNG) = (has(DTFIX_NO_KASLR_SEED), has(DTFIX_NO_RNG_SEED))
    guard !(noKASLR && !kaslr.isEmpty), !(noRNG && !rng.isEmpty) else {
      throw CallFailure(.usage, "a seed is given, and a flag omits it")
    }
    guard kaslr.isEmpty || kaslr.count == kaslrSize else {
      throw .argument("kaslr_seed: \(kaslr.count) bytes, not \(kaslrSize)")
    }
    guard noKASLR || noRNG || !kaslr.isEmpty || !rng.isEmpty else { return nil }
    var fresh = Seeds.none
    if kaslr.isEmpty && !noKASLR || rng.isEmpty && !noRNG {
      do throws(KexecError) {
        fresh = try .fresh()
      } catch {
        throw CallFailure(error)
      }
    }
    return Seeds(
      kaslr: noKASLR ? nil : kaslr.isEmpty ? fresh.kaslr : kaslr,
      rng: noRNG ? nil : rng.isEmpty ? fresh.rng : rng)
  }
}
