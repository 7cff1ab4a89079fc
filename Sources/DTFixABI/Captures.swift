// SPDX-License-Identifier: Apache-2.0

import CDTFix
import Kexec
import Loading
import RunningKernel

/// Documented in `dtfix.h`.
@_cdecl("dtfix_machine_capture")
public func dtfix_machine_capture(
  _ machine: OpaquePointer?, _ wanted: UInt32, _ archive: HandlePlace?, _ report: HandlePlace?,
  _ error: HandlePlace?
) -> CInt {
  answer(error, archive, "archive") { () throws(CallFailure) in
    let kernel = try MachineObject.of(machine).kernel
    let has = try flags(wanted, allowed: [Int(DTFIX_CAPTURE_MEASUREMENTS)], "flags")
    let capture = try kernel.usefulCapture(measurements: has(Int(DTFIX_CAPTURE_MEASUREMENTS)))
    if let report = unsafe report {
      let unread = capture.unread.map { ReportedFinding($0.path, "not read: \($0.reason)") }
      let secrets = capture.secrets.map {
        ReportedFinding($0.path, "left out: \($0.byteCount) secret bytes")
      }
      ReportObject(findings: unread + secrets).hand(to: report)
    }
    return BufferObject(capture.archive)
  }
}

extension RunningKernel {
  /// A capture with which something can be done.
  fileprivate func usefulCapture(measurements: Bool) throws(CallFailure) -> Capture {
    let capture: Capture
    do throws(MachineError) {
      capture = try self.capture(version: packageVersion, measurements: measurements)
    } catch {
      throw CallFailure(KexecError(error))
    }
    guard !capture.isUseful else { return capture }
    let isForRoot = capture.unread.contains(where: \.isForRoot)
    throw CallFailure(
      isForRoot ? .noPermission : .notOffered,
      "\(root): neither a tree nor the memory map "
        + (isForRoot ? "may be read" : "is there: no machine, and no capture of one"))
  }
}
