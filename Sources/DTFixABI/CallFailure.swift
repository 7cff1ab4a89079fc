// SPDX-License-Identifier: Apache-2.0

import CDTFix

/// Why a call fails: what an error handle tells.
struct CallFailure: Error, Hashable {
  let code: Code
  let message: String

  /// The numbers of `dtfix.h`.
  enum Code: CInt {
    case argument = 1
    case handle = 2
    case version = 3
    case notFound = 4
    case usage = 64
    case malformed = 65
    case missing = 66
    case notOffered = 69
    case system = 71
    case inputOutput = 74
    case noPermission = 77
  }

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  static func argument(_ message: String) -> CallFailure { CallFailure(.argument, message) }
}

/// What an error handle holds.
final class ErrorObject: HandleObject {
  static let typeName = "error"
  static let mark: UInt64 = 0x6474_6669_785f_6501

  let code: CInt
  let message: CText

  init(_ failure: CallFailure) {
    code = failure.code.rawValue
    message = CText(failure.message)
  }
}

/// Runs the body of a function of `dtfix.h`, and turns what it throws into a code and an error handle.
func answer(
  _ error: UnsafeMutablePointer<OpaquePointer?>?, _ body: () throws(CallFailure) -> Void
) -> CInt {
  do throws(CallFailure) {
    try body()
    return 0
  } catch let failure {
    if let error = unsafe error { unsafe error.pointee = ErrorObject(failure).handle() }
    return -failure.code.rawValue
  }
}
