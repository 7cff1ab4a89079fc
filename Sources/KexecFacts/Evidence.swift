// SPDX-License-Identifier: Apache-2.0

/// A fact that a result rests on, and where it comes from.
public struct Evidence: Hashable, Sendable {
  /// What is known: `linear map`, `kernel text`.
  public let fact: String
  /// What it is.
  public let value: String
  /// Who says so: a file, a rule, the caller.
  public let source: String

  package init(_ fact: String, _ value: String, _ source: String) {
    self.fact = fact
    self.value = value
    self.source = source
  }
}

extension Evidence: CustomStringConvertible {
  /// One line: the fact, its value and its source.
  public var description: String { "\(fact) \(value): from \(source)" }
}
