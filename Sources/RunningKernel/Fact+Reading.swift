// SPDX-License-Identifier: Apache-2.0

import Kexec
import SystemPackage

extension Fact {
  /// Reads a fact. One that reads as if there were nothing is absent.
  ///
  /// - Parameters:
  ///   - nothing: the value without the fact.
  ///   - path: the file that says it.
  ///   - kind: what it means that the file is missing where the reader throws that; nil for a file without
  ///     which another one is not whole.
  ///   - absence: why there is nothing.
  init(
    _ nothing: Value, in path: FilePath, missing kind: KexecError.Kind? = nil,
    absence: String = "no such file", _ read: @autoclosure () throws(MachineError) -> Value
  ) {
    do throws(MachineError) {
      let value = try read()
      let absence = KexecError(.notOffered, "\(path): \(absence)")
      self.init(value, value != nothing ? .source("\(path)") : .absent(absence))
    } catch {
      if case .missing = error, let kind {
        self.init(nothing, .absent(KexecError(error, missing: kind)))
      } else {
        self.init(nothing, .unreadable(KexecError(error)))
      }
    }
  }

  /// What follows from the fact, with the same source; nothing where it is not known.
  func map<Other>(nothing: Other, _ transform: (Value) -> Other) -> Fact<Other> {
    isKnown
      ? Fact<Other>(transform(value), from: source ?? "")
      : Fact<Other>(nothing, Fact<Other>.Origin(origin))
  }

  /// The fact, or another one where this one says nothing; neither where a file cannot be read.
  func or<Wrapped>(_ other: Fact) -> Fact where Value == Wrapped? {
    switch (origin, other.origin) {
    case (.unreadable, _): self
    case (_, .unreadable): other
    default: value != nil ? self : other
    }
  }
}

extension Fact.Origin {
  /// The same of another fact of the same file.
  fileprivate init<Other>(_ other: Fact<Other>.Origin) {
    self =
      switch other {
      case .notRead: .notRead
      case .source(let source): .source(source)
      case .absent(let error): .absent(error)
      case .unreadable(let error): .unreadable(error)
      }
  }
}
