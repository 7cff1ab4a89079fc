// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public import CDTFix
import JSONText
import Kexec
import Loading
import PhysicalMemory
import Reports
import RunningKernel

/// The object of a plan handle: the arguments of one of the two system calls.
@safe final class PlanObject: HandleObject {
  static let typeName = "plan"

  private let memory = CMemory()
  private let plan: KexecPlan?
  private(set) var info = unsafe dtfix_plan_info()
  private(set) var segments = unsafe [dtfix_segment]()

  private init(
    _ choice: CallChoice, for purpose: Purpose, _ architecture: Architecture, _ plan: KexecPlan?
  ) {
    self.plan = plan
    unsafe info.purpose = UInt32(purpose == .crash ? DTFIX_FOR_CRASH : DTFIX_FOR_KEXEC)
    unsafe info.call = UInt32(plan == nil ? DTFIX_CALL_KEXEC_FILE_LOAD : DTFIX_CALL_KEXEC_LOAD)
    unsafe info.reason = memory.text(choice.reason)
    unsafe info.architecture = memory.text(architecture.name)
  }

  /// A plan for kexec_load.
  convenience init(_ plan: KexecPlan, _ choice: CallChoice) {
    self.init(choice, for: plan.purpose, plan.architecture, plan)
    unsafe info.entry = plan.entry
    unsafe info.flags = plan.flags
    unsafe segments = plan.segments.map { segment in
      unsafe dtfix_segment(
        struct_size: 0, unused: 0, name: memory.text(segment.kind.name),
        bytes: memory.copy(segment.bytes), size: segment.bytes.count,
        memory: dtfix_range(start: segment.range.start, size: segment.range.size))
    }
    unsafe info.segment_count = segments.count
  }

  /// Files for kexec_file_load.
  convenience init(
    _ files: LoadJob.Files, _ choice: CallChoice, for purpose: Purpose, _ architecture: Architecture
  ) {
    self.init(choice, for: purpose, architecture, nil)
    unsafe info.kernel = memory.copy(files.kernel)
    unsafe info.kernel_size = files.kernel.count
    unsafe info.initrd = files.initrd.map { unsafe memory.copy($0) }
    unsafe info.initrd_size = files.initrd?.count ?? 0
    unsafe info.command_line = memory.text(bytes: files.commandLine)
    unsafe info.command_line_size = files.commandLine.count + 1
  }

  /// The plan for kexec_load.
  ///
  /// - Throws: ``CallFailure`` for kexec_file_load.
  func forKexecLoad() throws(CallFailure) -> KexecPlan {
    guard let plan else {
      throw CallFailure(.usage, "plan: for kexec_file_load, which makes its own segments")
    }
    return plan
  }
}

@_cdecl("dtfix_plan_make")
public func dtfix_plan_make(
  _ files: Handle, _ machine: Handle, _ options: UnsafePointer<dtfix_plan_options>?, _ plan: Out,
  _ report: Out, _ error: Out
) -> CInt {
  call(error, making: plan, "plan") {
    let files = try FileSetObject.of(files).files
    let machine = try MachineObject.ifAny(machine)?.machine
    let given = try dtfix_plan_options.given(options, "options")
    let options = try unsafe RequestOptions(given, machine)
    let requested = try meaning(
      of: unsafe given.call, "call",
      in: [
        DTFIX_CALL_ANY: nil, DTFIX_CALL_KEXEC_LOAD: SystemCall.kexecLoad,
        DTFIX_CALL_KEXEC_FILE_LOAD: .kexecFileLoad,
      ])
    let status = try unsafe KexecStatus(given.status, machine?.kernel)
    let job = try LoadJob(files, options, on: machine)
    let choice = try job.choice(requested: requested, on: status)
    let reason = "\(choice.call.rawValue): \(choice.reason)"
    guard choice.call == .kexecLoad else {
      let made = PlanObject(
        try job.filesForKernel(), choice, for: options.purpose, try job.architecture())
      ReportObject(lines: [reason]).hand(to: report)
      return made
    }
    let gathered = try job.gathered()
    let plan = try job.plan(gathered)
    let lines = [reason] + gathered.notes.map { "note: \($0)" } + plan.explanation
    ReportObject(changes: plan.changes, findings: plan.warnings, lines: lines).hand(to: report)
    return PlanObject(plan, choice)
  }
}

@_cdecl("dtfix_plan_info_read")
public func dtfix_plan_info_read(
  _ plan: Handle, _ info: UnsafeMutablePointer<dtfix_plan_info>?, _ error: Out
) -> CInt {
  call(error) { try unsafe PlanObject.of(plan).info.fill(info, "info") }
}

@_cdecl("dtfix_plan_segment")
public func dtfix_plan_segment(
  _ plan: Handle, _ index: Int, _ segment: UnsafeMutablePointer<dtfix_segment>?, _ error: Out
) -> CInt {
  call(error) { try unsafe PlanObject.of(plan).segments.fill(segment, from: index, "segment") }
}

@_cdecl("dtfix_plan_manifest")
public func dtfix_plan_manifest(_ plan: Handle, _ text: Out, _ error: Out) -> CInt {
  call(error, making: text, "text") {
    BufferObject(PlanManifest(try PlanObject.of(plan).forKexecLoad()).text)
  }
}

@_cdecl("dtfix_plan_json")
public func dtfix_plan_json(_ plan: Handle, _ json: Out, _ error: Out) -> CInt {
  call(error, making: json, "json") {
    BufferObject("\(try PlanObject.of(plan).forKexecLoad().json)\n")
  }
}

@_cdecl("dtfix_plan_free")
public func dtfix_plan_free(_ plan: Out) { PlanObject.free(plan) }
