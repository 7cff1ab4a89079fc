// SPDX-License-Identifier: Apache-2.0

public import CDTFix
import JSONText
import Kexec
import Reports

/// What a report handle holds.
final class ReportObject: HandleObject, Sendable {
  static let typeName = "report"
  static let mark: UInt64 = 0x6474_6669_785f_7265

  let changes: [ReportedChange]
  let findings: [ReportedFinding]
  /// The lines of an explanation.
  let lines: [String]
  let json: JSON

  /// A report; without lines of its own, those of the changes and findings.
  init(changes: [Change] = [], findings: [Finding] = [], lines: [String]? = nil) {
    self.changes = changes.map(ReportedChange.init)
    self.findings = findings.map(ReportedFinding.init)
    self.lines = lines ?? changes.map(\.description) + findings.map { "warning: \($0)" }
    json = [
      "changes": .array(changes.map(\.json)), "findings": .array(findings.map(\.json)),
    ]
  }

  /// A report of what was found by no kernel's rule.
  init(findings: [ReportedFinding]) {
    changes = []
    self.findings = findings
    lines = findings.map(\.line)
    json = ["changes": [], "findings": .array(findings.map(\.json))]
  }
}

/// A change, in C's words.
struct ReportedChange: Sendable {
  let action: Int
  let subject: Int
  let node: CText?
  let property: CText?
  let from: CText?
  let to: CText?
  let reason: CText
  let rule: CText

  init(_ change: Change) {
    action =
      switch change.action {
      case .added: DTFIX_ADDED
      case .replaced: DTFIX_REPLACED
      case .removed: DTFIX_REMOVED
      case .kept: DTFIX_KEPT
      case .omitted: DTFIX_OMITTED
      }
    (subject, node, property) =
      switch change.subject {
      case .property(let name, let node): (DTFIX_PROPERTY, CText(node), CText(name))
      case .node(let path): (DTFIX_NODE, CText(path), nil)
      case .reservation: (DTFIX_RESERVATION, nil, nil)
      case .bootCPU: (DTFIX_BOOT_CPU, nil, nil)
      case .commandLine: (DTFIX_COMMAND_LINE, nil, nil)
      }
    from = change.from.map { CText($0.description) }
    to = change.to.map { CText($0.description) }
    reason = CText(change.reason)
    rule = CText(change.rule.description)
  }

  var filled: dtfix_change {
    var change = unsafe dtfix_change()
    unsafe change.action = UInt32(action)
    unsafe change.subject = UInt32(subject)
    unsafe change.node = node?.start
    unsafe change.property = property?.start
    unsafe change.from = from?.start
    unsafe change.to = to?.start
    unsafe change.reason = reason.start
    unsafe change.rule = rule.start
    return unsafe change
  }
}

/// A finding, in C's words.
struct ReportedFinding: Sendable {
  private let place: CText
  private let text: CText
  private let rule: CText
  let line: String
  let json: JSON

  init(_ finding: Finding) {
    place = CText(finding.place)
    text = CText(finding.text)
    rule = CText(finding.rule.description)
    line = finding.description
    json = finding.json
  }

  /// What was found by no kernel's rule.
  init(_ place: String, _ text: String) {
    self.place = CText(place)
    self.text = CText(text)
    rule = CText("")
    line = "\(place): \(text)"
    json = ["place": .string(place), "text": .string(text)]
  }

  var filled: dtfix_finding {
    var finding = unsafe dtfix_finding()
    unsafe finding.place = place.start
    unsafe finding.text = text.start
    unsafe finding.rule = rule.start
    return unsafe finding
  }
}

extension Array {
  /// An item that a caller counts from 0.
  func item(_ index: Int, _ name: String) throws(CallFailure) -> Element {
    guard indices.contains(index) else {
      throw CallFailure(.notFound, "\(name) \(UInt(bitPattern: index)): there are \(count)")
    }
    return self[index]
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_report_change_count")
public func dtfix_report_change_count(_ report: OpaquePointer?) -> Int {
  (try? ReportObject.of(report))?.changes.count ?? 0
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_report_change")
public func dtfix_report_change(
  _ report: OpaquePointer?, _ index: Int, _ change: UnsafeMutablePointer<dtfix_change>?,
  _ error: HandlePlace?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let item = try ReportObject.of(report).changes.item(index, "change")
    try unsafe item.filled.fill(change, "change")
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_report_finding_count")
public func dtfix_report_finding_count(_ report: OpaquePointer?) -> Int {
  (try? ReportObject.of(report))?.findings.count ?? 0
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_report_finding")
public func dtfix_report_finding(
  _ report: OpaquePointer?, _ index: Int, _ finding: UnsafeMutablePointer<dtfix_finding>?,
  _ error: HandlePlace?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let item = try ReportObject.of(report).findings.item(index, "finding")
    try unsafe item.filled.fill(finding, "finding")
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_report_text")
public func dtfix_report_text(
  _ report: OpaquePointer?, _ text: HandlePlace?, _ error: HandlePlace?
) -> CInt {
  answer(error, text, "text") { () throws(CallFailure) in
    let lines = try ReportObject.of(report).lines
    return BufferObject(lines.map { $0 + "\n" }.joined())
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_report_json")
public func dtfix_report_json(
  _ report: OpaquePointer?, _ json: HandlePlace?, _ error: HandlePlace?
) -> CInt {
  answer(error, json, "json") { () throws(CallFailure) in
    BufferObject(try ReportObject.of(report).json.description)
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_report_free")
public func dtfix_report_free(_ report: HandlePlace?) {
  ReportObject.free(report)
}
