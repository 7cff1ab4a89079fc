// SPDX-License-Identifier: Apache-2.0

import CDTFix
import Kexec
import Loading
import PhysicalMemory

/// What a plan handle holds: what one of the two system calls takes.
final class PlanObject: HandleObject, Sendable {
  static let typeName = "plan"
  static let mark: UInt64 = 0x6474_6669_785f_706c

  let purpose: Purpose
  let call: SystemCall
  let reason: CText
  let architecture: CText
  /// What kexec_load takes; nil for kexec_file_load.
  let plan: KexecPlan?
  let segments: [PlannedSegment]
  /// What kexec_file_load takes; nil for kexec_load.
  let files: PlannedFiles?

  /// A plan for kexec_load.
  init(_ plan: KexecPlan, _ choice: CallChoice) {
    purpose = plan.purpose
    call = choice.call
    reason = CText(choice.reason)
    architecture = CText(plan.architecture.name)
    self.plan = plan
    segments = plan.segments.map(PlannedSegment.init)
    files = nil
  }

  /// Files for kexec_file_load.
  init(
    _ files: PlannedFiles, _ choice: CallChoice, for purpose: Purpose, _ architecture: Architecture
  ) {
    self.purpose = purpose
    call = choice.call
    reason = CText(choice.reason)
    self.architecture = CText(architecture.name)
    plan = nil
    segments = []
    self.files = files
  }

  var filled: dtfix_plan_info {
    var info = unsafe dtfix_plan_info()
    unsafe info.purpose = UInt32(purpose == .crash ? DTFIX_FOR_CRASH : DTFIX_FOR_KEXEC)
    let number = call == .kexecLoad ? DTFIX_CALL_KEXEC_LOAD : DTFIX_CALL_KEXEC_FILE_LOAD
    unsafe info.call = UInt32(number)
    unsafe info.reason = reason.start
    unsafe info.architecture = architecture.start
    unsafe info.entry = plan?.entry ?? 0
    unsafe info.flags = plan?.flags ?? 0
    unsafe info.segment_count = segments.count
    unsafe info.kernel = files.map { unsafe UnsafeRawPointer($0.kernel.start) }
    unsafe info.kernel_size = files?.kernel.count ?? 0
    unsafe info.initrd = files?.initrd.map { unsafe UnsafeRawPointer($0.start) }
    unsafe info.initrd_size = files?.initrd?.count ?? 0
    unsafe info.command_line = files?.commandLine.start
    unsafe info.command_line_size = files?.commandLineSize ?? 0
    return unsafe info
  }
}

/// A segment of a plan, in C's words.
struct PlannedSegment: Sendable {
  let name: CText
  let bytes: CBytes
  let memory: PhysicalRange

  init(_ segment: KexecPlan.Segment) {
    name = CText(segment.part.name)
    bytes = CBytes(segment.bytes)
    memory = segment.range
  }

  var filled: dtfix_segment {
    var filled = unsafe dtfix_segment()
    unsafe filled.name = name.start
    unsafe filled.bytes = UnsafeRawPointer(bytes.start)
    unsafe filled.size = bytes.count
    unsafe filled.memory = dtfix_range(start: memory.start, size: memory.size)
    return unsafe filled
  }
}

/// The files of kexec_file_load, in C's words.
struct PlannedFiles: Sendable {
  let kernel: CBytes
  let initrd: CBytes?
  let commandLine: CText
  /// With its NUL.
  let commandLineSize: Int

  init(_ files: LoadJob.Files) {
    kernel = CBytes(files.kernel)
    initrd = files.initrd.map(CBytes.init)
    commandLine = CText(files.commandLine)
    commandLineSize = files.commandLine.count + 1
  }
}
