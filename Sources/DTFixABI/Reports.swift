// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

import BinaryFormat
public import CDTFix
import JSONText
import Kexec
import Reports

/// The object of a report handle.
@safe final class ReportObject: HandleObject {
  static let typeName = "report"

  private let memory = CMemory()
  let changes: [dtfix_change]
  let findings: [dtfix_finding]
  let lines: [String]
  let json: JSON

  /// A report; by default, its lines are those of the changes and findings.
  init(changes: [Change] = [], findings: [Finding] = [], lines: [String]? = nil) {
    unsafe self.changes = changes.map { [memory] in unsafe dtfix_change($0, in: memory) }
    unsafe self.findings = findings.map { [memory] in
      unsafe dtfix_finding($0.place, $0.text, $0.rule.description, in: memory)
    }
    self.lines = (lines ?? changes.map(\.description) + findings.map { "warning: \($0)" }).map {
      $0.visible()
    }
    json = [
      "changes": .array(changes.map(\.json)), "findings": .array(findings.map(\.json)),
    ]
  }

  /// A report of findings that are by no kernel's rule.
  init(notes: [(place: String, text: String)]) {
    unsafe changes = []
    unsafe findings = notes.map { [memory] in
      unsafe dtfix_finding($0.place, $0.text, "", in: memory)
    }
    lines = notes.map { "\($0.place): \($0.text)".visible() }
    let objects: [JSON] = notes.map { ["place": .string($0.place), "text": .string($0.text)] }
    json = ["changes": [], "findings": .array(objects)]
  }
}

extension dtfix_change {
  fileprivate init(_ change: Change, in memory: CMemory) {
    unsafe self.init()
    let number =
      switch change.action {
      case .added: DTFIX_ADDED
      case .replaced: DTFIX_REPLACED
      case .removed: DTFIX_REMOVED
      case .kept: DTFIX_KEPT
      case .omitted: DTFIX_OMITTED
      }
    unsafe action = UInt32(number)
    let (kind, path, name): (Int, String?, String?) =
      switch change.subject {
      case .property(let name, let path): (DTFIX_PROPERTY, path, name)
      case .node(let path): (DTFIX_NODE, path, nil)
      case .reservation: (DTFIX_RESERVATION, nil, nil)
      case .bootCPU: (DTFIX_BOOT_CPU, nil, nil)
      case .commandLine: (DTFIX_COMMAND_LINE, nil, nil)
      }
    unsafe subject = UInt32(kind)
    unsafe node = path.map { unsafe memory.text($0) }
    unsafe property = name.map { unsafe memory.text($0) }
    unsafe from = change.from.map { unsafe memory.text($0) }
    unsafe to = change.to.map { unsafe memory.text($0) }
    unsafe reason = memory.text(change.reason)
    unsafe rule = memory.text(change.rule)
  }
}

extension dtfix_finding {
  fileprivate init(_ place: String, _ text: String, _ rule: String, in memory: CMemory) {
    unsafe self.init(
      struct_size: 0, unused: 0, place: memory.text(place), text: memory.text(text),
      rule: memory.text(rule))
  }
}

@_cdecl("dtfix_report_change_count")
public func dtfix_report_change_count(_ report: Handle) -> Int {
  unsafe (try? ReportObject.of(report))?.changes.count ?? 0
}

@_cdecl("dtfix_report_change")
public func dtfix_report_change(
  _ report: Handle, _ index: Int, _ change: UnsafeMutablePointer<dtfix_change>?, _ error: Out
) -> CInt {
  call(error) { try unsafe ReportObject.of(report).changes.fill(change, from: index, "change") }
}

@_cdecl("dtfix_report_finding_count")
public func dtfix_report_finding_count(_ report: Handle) -> Int {
  unsafe (try? ReportObject.of(report))?.findings.count ?? 0
}

@_cdecl("dtfix_report_finding")
public func dtfix_report_finding(
  _ report: Handle, _ index: Int, _ finding: UnsafeMutablePointer<dtfix_finding>?, _ error: Out
) -> CInt {
  call(error) { try unsafe ReportObject.of(report).findings.fill(finding, from: index, "finding") }
}

@_cdecl("dtfix_report_text")
public func dtfix_report_text(_ report: Handle, _ text: Out, _ error: Out) -> CInt {
  call(error, making: text, "text") {
    BufferObject(try ReportObject.of(report).lines.map { $0 + "\n" }.joined())
  }
}

@_cdecl("dtfix_report_json")
public func dtfix_report_json(_ report: Handle, _ json: Out, _ error: Out) -> CInt {
  call(error, making: json, "json") { BufferObject(try ReportObject.of(report).json.description) }
}

@_cdecl("dtfix_report_free")
public func dtfix_report_free(_ report: Out) { ReportObject.free(report) }
