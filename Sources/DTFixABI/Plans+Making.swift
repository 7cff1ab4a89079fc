// SPDX-License-Identifier: Apache-2.0

public import CDTFix
import Kexec
import Loading
import PhysicalMemory
import Reports
import RunningKernel

/// Documented in `dtfix.h`.
@_cdecl("dtfix_plan_make")
public func dtfix_plan_make(
  _ files: OpaquePointer?, _ machine: OpaquePointer?, _ options: UnsafePointer<dtfix_plan_options>?,
  _ plan: HandlePlace?, _ report: HandlePlace?, _ error: HandlePlace?
) -> CInt {
  answer(error, plan, "plan") { () throws(CallFailure) in
    let files = try FileSetObject.of(files).files
    let machine = try MachineObject.ifAny(machine)?.machine
    let request = try unsafe PlanRequest(
      try dtfix_plan_options.given(options, "options"), machine)
    let (made, explanation) = try request.plan(files, on: machine)
    if let report = unsafe report { explanation.hand(to: report) }
    return made
  }
}

/// What `dtfix_plan_options` requests.
private struct PlanRequest {
  let options: RequestOptions
  /// The call that the caller chose; nil for the better one.
  let call: SystemCall?
  let status: KexecStatus

  init(_ given: dtfix_plan_options, _ machine: MachineSnapshot?) throws(CallFailure) {
    options = try unsafe RequestOptions(given, machine)
    call = try unsafe systemCall(given.call)
    status = try unsafe KexecStatus(given.status, machine?.kernel)
  }

  /// The plan, and what there is to say of it.
  func plan(
    _ files: FileSet, on machine: MachineSnapshot?
  ) throws(CallFailure) -> (PlanObject, ReportObject) {
    let (options, call, status) = (options, call, status)
    return try ask { () throws(KexecError) in
      let job = try LoadJob(files, options, on: machine)
      let choice = try job.choice(requested: call, on: status)
      let reason = ["\(choice.call.rawValue): \(choice.reason)"]
      guard choice.call == .kexecLoad else {
        let taken = PlannedFiles(try job.filesForKernel())
        let object = PlanObject(
          taken, choice, for: options.purpose, try job.architecture())
        return (object, ReportObject(lines: reason))
      }
      let gathered = try job.gathered()
      let plan = try job.plan(gathered)
      let lines = reason + gathered.notes.map { "note: \($0)" } + plan.explanation
      return (
        PlanObject(plan, choice),
        ReportObject(changes: plan.changes, findings: plan.warnings, lines: lines)
      )
    }
  }
}

extension RequestOptions {
  /// What a caller requests.
  fileprivate init(_ options: dtfix_plan_options, _ machine: MachineSnapshot?) throws(CallFailure) {
    self.init()
    let has = try unsafe flags(
      options.flags,
      allowed: [
        DTFIX_NO_KASLR_SEED, DTFIX_NO_RNG_SEED, DTFIX_NO_COMMAND_LINE, DTFIX_REUSE_COMMAND_LINE,
        DTFIX_MERGE_TREE, DTFIX_MEASUREMENTS,
      ], "options")
    purpose = try unsafe DTFixABI.purpose(options.purpose)
    architecture = try unsafe DTFixABI.architecture(options.architecture)
    pageSize = unsafe options.page_size == 0 ? nil : options.page_size
    guard [nil, 4096, 16384, 65536].contains(pageSize) else {
      throw .argument("page_size: 4096, 16384 or 65536, not \(pageSize ?? 0)")
    }
    treeOrigin = try unsafe DTFixABI.treeOrigin(options.tree_origin)
    profile = unsafe Int(options.profile)
    append = try unsafe textIfAny(options.append, "append") ?? ""
    reservations = try unsafe ranges(
      options.reservations, options.reservation_count, "reservations")
    given.excluded = try unsafe ranges(options.excluded, options.excluded_count, "excluded")
    let kaslr = try unsafe bytes(options.kaslr_seed, options.kaslr_seed_size, "kaslr_seed")
    let rng = try unsafe bytes(options.rng_seed, options.rng_seed_size, "rng_seed")
    // Who says nothing of seeds may get kexec_file_load, which draws its own.
    let areNamed =
      !kaslr.isEmpty || !rng.isEmpty || has(DTFIX_NO_KASLR_SEED) || has(DTFIX_NO_RNG_SEED)
    seeds = areNamed ? try Seeds.requested(kaslr: kaslr, rng: rng, has) : nil
    mergesTree = has(DTFIX_MERGE_TREE)
    handsOnMeasurements = has(DTFIX_MEASUREMENTS)
    guard !has(DTFIX_REUSE_COMMAND_LINE) || machine != nil else {
      throw CallFailure(.usage, "options: the running kernel's command line, and no machine")
    }
    guard !has(DTFIX_REUSE_COMMAND_LINE) || !has(DTFIX_NO_COMMAND_LINE) else {
      throw CallFailure(.usage, "options: the running kernel's command line, and none: not both")
    }
    if has(DTFIX_NO_COMMAND_LINE) {
      commandLine = .omitted
    } else if has(DTFIX_REUSE_COMMAND_LINE), let machine {
      commandLine = .running(machine)
    }
  }
}

/// A call by its number; nil for the better one.
private func systemCall(_ number: UInt32) throws(CallFailure) -> SystemCall? {
  switch Int(number) {
  case DTFIX_CALL_ANY: return nil
  case DTFIX_CALL_KEXEC_LOAD: return .kexecLoad
  case DTFIX_CALL_KEXEC_FILE_LOAD: return .kexecFileLoad
  default: throw .argument("call: \(number) is no DTFIX_CALL_…")
  }
}
