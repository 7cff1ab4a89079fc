// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import CrashCore

/// The core header of a plan, and its bytes.
struct LoadedCoreHeader {
  let plan: CoreHeaderPlan
  let bytes: [UInt8]
}

extension LoadRequest {
  /// The core header of a plan for a crash; nil for an ordinary kexec. Its size is known before its place
  /// is.
  ///
  /// - Parameter backup: where the memory is copied to that the crash kernel itself runs in; nil
  ///   where there is no such copy.
  func coreHeader(
    for architecture: Architecture, backup: UInt64?
  ) throws(PlanError) -> LoadedCoreHeader? {
    guard var facts = crash else { return nil }
    facts.backup = backup
    let plan = try CoreHeaderPlan(for: architecture, facts)
    do throws(FormatError) {
      return LoadedCoreHeader(plan: plan, bytes: try plan.header.bytes())
    } catch {
      preconditionFailure("a header that was read back can be written")
    }
  }
}
