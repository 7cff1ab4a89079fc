// SPDX-License-Identifier: Apache-2.0

import Kexec
import SystemPackage

extension Fact {
  /// Reads a fact.
  ///
  /// - Parameters:
  ///   - nothing: the value of an absent fact.
  ///   - path: the file with the fact.
  ///   - kind: the kind of failure for a missing file, if `read` throws that; nil for an unreadable fact.
  ///   - absence: the reason given for an absent fact.
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

  /// A value derived from the fact, with the same source; `nothing` for an unknown fact.
  func map<Other>(nothing: Other, _ transform: (Value) -> Other) -> Fact<Other> {
    switch origin {
    case .notRead: Fact<Other>(nothing, .notRead)
    case .source(let source): Fact<Other>(transform(value), from: source)
    case .absent(let error): Fact<Other>(nothing, .absent(error))
    case .unreadable(let error): Fact<Other>(nothing, .unreadable(error))
    }
  }

  /// This fact if it is known, else another one; an unreadable one of the two wins.
  func or<Wrapped>(_ other: Fact) -> Fact where Value == Wrapped? {
    switch (origin, other.origin) {
    case (.unreadable, _): self
    case (_, .unreadable): other
    default: value != nil ? self : other
    }
  }
}
