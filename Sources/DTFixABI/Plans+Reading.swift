// SPDX-License-Identifier: Apache-2.0

public import CDTFix
import JSONText
import Kexec
import Reports

/// Documented in `dtfix.h`.
@_cdecl("dtfix_plan_info_read")
public func dtfix_plan_info_read(
  _ plan: OpaquePointer?, _ info: UnsafeMutablePointer<dtfix_plan_info>?, _ error: HandlePlace?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    try unsafe PlanObject.of(plan).filled.fill(info, "info")
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_plan_segment")
public func dtfix_plan_segment(
  _ plan: OpaquePointer?, _ index: Int, _ segment: UnsafeMutablePointer<dtfix_segment>?,
  _ error: HandlePlace?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let item = try PlanObject.of(plan).segments.item(index, "segment")
    try unsafe item.filled.fill(segment, "segment")
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_plan_manifest")
public func dtfix_plan_manifest(
  _ plan: OpaquePointer?, _ text: HandlePlace?, _ error: HandlePlace?
) -> CInt {
  answer(error, text, "text") { () throws(CallFailure) in
    BufferObject(PlanManifest(try segmented(plan)).text)
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_plan_json")
public func dtfix_plan_json(
  _ plan: OpaquePointer?, _ json: HandlePlace?, _ error: HandlePlace?
) -> CInt {
  answer(error, json, "json") { () throws(CallFailure) in
    BufferObject("\(try segmented(plan).json)\n")
  }
}

/// The segments of a plan.
///
/// - Throws: ``CallFailure`` for files, which the kernel plans.
@safe private func segmented(_ handle: OpaquePointer?) throws(CallFailure) -> KexecPlan {
  guard let plan = try PlanObject.of(handle).plan else {
    throw CallFailure(.usage, "plan: kexec_file_load plans by itself: there are no segments")
  }
  return plan
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_plan_free")
public func dtfix_plan_free(_ plan: HandlePlace?) {
  PlanObject.free(plan)
}
