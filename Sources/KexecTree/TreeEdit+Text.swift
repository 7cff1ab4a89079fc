// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecCheck
import KexecFacts
import KexecMerge
import KexecRules
import PhysicalMemory

extension TreeEdit {
  /// The form that a text does not have.
  package enum TextError: Error, Hashable {
    case setting
    case value
    case place
    case range
  }

  /// Reads `PATH:PROPERTY=VALUE`, or `PATH:PROPERTY` for a property without bytes.
  package init(setting text: String) throws(TextError) {
    let (node, rest) = try Self.place(text)
    guard let rest, let name = rest.split(separator: "=", omittingEmptySubsequences: false).first,
      !name.isEmpty
    else { throw .setting }
    guard let value = PropertyValue(sourceText: String(rest.dropFirst(name.count + 1))) else {
      throw .value
    }
    self = .set(String(name), node: node, value)
  }

  /// Reads `PATH` or `PATH:PROPERTY`.
  package init(deletion text: String) throws(TextError) {
    let (node, property) = try Self.place(text)
    self = property.map { .deleteProperty($0, node: node) } ?? .deleteNode(node)
  }

  /// Reads a range of reserved memory.
  package init(unreservation text: String) throws(TextError) {
    guard let range = PhysicalRange(text: text) else { throw .range }
    self = .unreserve(range)
  }

  /// A path, and what follows its colon.
  private static func place(_ text: String) throws(TextError) -> (node: String, rest: String?) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let node = parts.first, !node.isEmpty, parts.last?.isEmpty == false else {
      throw .place
    }
    return (String(node), parts.count == 2 ? String(parts[1]) : nil)
  }
}

extension TreeEdit.TextError: CustomStringConvertible {
  /// What the text should be.
  package var description: String {
    switch self {
    case .setting: "a setting is /node:property=value"
    case .value: "a value is text, \"text\", <0x1 0x2>, [c0 de] or nothing"
    case .place: "a place is /node or /node:property"
    case .range: PhysicalRange.textForms
    }
  }
}
