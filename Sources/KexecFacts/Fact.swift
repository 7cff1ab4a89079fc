// SPDX-License-Identifier: Apache-2.0

/// A fact about a machine: its value and the file that says so, or why it is not known.
///
/// Failures to read a fact surface where it is used: by ``required`` and ``ifPresent``. What reads the plain
/// value of a ``MachineSnapshot`` goes on without the fact.
@propertyWrapper
public struct Fact<Value: Sendable>: Sendable {
  /// The value; nil, or an empty list, when it is not known.
  public let value: Value
  /// Where the value comes from, or why there is none.
  public let origin: FactOrigin

  /// The source of what was given by hand.
  public static var caller: String { "the caller" }

  /// A value, and where it comes from.
  public init(_ value: Value, from source: String = caller) {
    self.init(value, .source(source))
  }

  package init(_ value: Value, _ origin: FactOrigin) {
    self.value = value
    self.origin = origin
  }

  /// What is not known yet, and the value that stands for it.
  public init(wrappedValue: Value) { self.init(wrappedValue, .notRead) }

  /// The value; a new one is the caller's.
  public var wrappedValue: Value {
    get { value }
    set { self = Fact(newValue) }
  }

  /// The fact itself.
  public var projectedValue: Self {
    get { self }
    set { self = newValue }
  }

  /// The path of the file that says so, or another source; nil when the value is not known.
  public var source: String? {
    if case .source(let source) = origin { source } else { nil }
  }

  /// Whether the value is known.
  public var isKnown: Bool { source != nil }

  /// Why the value is not known; nil when it is, and when no file was read.
  public var failure: KexecError? {
    switch origin {
    case .absent(let error), .unreadable(let error): error
    case .source, .notRead: nil
    }
  }

  /// The value of a fact that a machine may lack.
  public var ifPresent: Value {
    get throws(KexecError) {
      if case .unreadable(let error) = origin { throw error }
      return value
    }
  }

  /// The value of a fact that nothing can be done without.
  public var required: Value {
    get throws(KexecError) {
      if let failure { throw failure }
      return value
    }
  }

  /// The value of a fact that nothing can be done without, and that may be nil.
  public func unwrapped<Wrapped>() throws(KexecError) -> Wrapped where Value == Wrapped? {
    guard let value = try required else { throw KexecError(.notOffered, "a fact is not known") }
    return value
  }
}

extension Fact: Equatable where Value: Equatable {}
extension Fact: Hashable where Value: Hashable {}

/// Where a fact comes from; later versions may know more.
public indirect enum FactOrigin: Hashable, Sendable {
  // One word: a machine has two dozen facts. Where the cases differ in size, the smaller ones leave the word
  // with their tag half written, and valgrind reports each test of it.
  /// No file was read.
  case notRead
  /// The fact is known: a path, `uname(2)`, or ``Fact/caller``.
  case source(String)
  /// There is no such file, or it does not have the fact.
  case absent(KexecError)
  /// The file is there, and cannot be used.
  case unreadable(KexecError)
}
