// SPDX-License-Identifier: Apache-2.0

import Kexec
import Loading

/// Why a call fails: the content of an error handle.
struct CallFailure: Error, Hashable {
  let code: Code
  let message: String

  /// The numbers of `dtfix.h`: those of a call's own, and dtfix' exit codes.
  enum Code: Hashable {
    case argument, handle, version, notFound
    case kexec(KexecError.Kind)

    var number: CInt {
      switch self {
      case .argument: 1
      case .handle: 2
      case .version: 3
      case .notFound: 4
      case .kexec(let kind): kind.rawValue
      }
    }
  }

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  init(_ kind: KexecError.Kind, _ message: String) { self.init(.kexec(kind), message) }

  static func argument(_ message: String) -> CallFailure { CallFailure(.argument, message) }
}

extension CallFailure {
  /// What cannot be read, made or planned.
  init(_ error: KexecError) { self.init(error.kind, "\(error)") }

  /// The same, of a tree or a machine of this name.
  init(_ error: KexecError, in source: String) { self.init(error.naming(SubjectNames(source))) }
}

/// Runs the body of a function of `dtfix.h`, and turns what it throws into a code and an error handle.
@safe func answer(_ error: HandlePlace?, _ body: () throws(CallFailure) -> Void) -> CInt {
  do throws(CallFailure) {
    try body()
    return 0
  } catch let failure {
    if let error = unsafe error { ErrorObject(failure).hand(to: error) }
    return -failure.code.number
  }
}
