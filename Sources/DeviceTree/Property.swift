// SPDX-License-Identifier: Apache-2.0

/// A property: its name and its bytes.
public struct Property: Hashable, Sendable {
  /// The name, at most 31 characters by specification; longer ones are kept.
  public var name: String
  /// The bytes.
  public var value: PropertyValue

  /// A property.
  public init(_ name: String, _ value: PropertyValue) {
    self.name = name
    self.value = value
  }
}

extension Property {
  /// Whether the bytes must not be shown; a seed that was wiped to zero is no secret.
  package func isHidden(by secrets: Set<String>) -> Bool {
    secrets.contains(name) && value.bytes.contains { $0 != 0 }
  }
}

extension Property {
  /// Whether it gives its node a phandle.
  package var isPhandle: Bool { ["phandle", "linux,phandle", "ibm,phandle"].contains(name) }

  /// Whether a binding known here defines it as a reference to other nodes.
  package var isReference: Bool { ReferenceLayout(property: name) != nil }
}
