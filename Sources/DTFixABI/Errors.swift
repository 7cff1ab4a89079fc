// SPDX-License-Identifier: Apache-2.0

/// What an error handle holds.
final class ErrorObject: HandleObject {
  static let typeName = "error"
  static let mark: UInt64 = 0x6474_6669_785f_6572

  let code: CInt
  let message: CText

  init(_ failure: CallFailure) {
    code = failure.code.number
    message = CText(failure.message)
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_error_code")
public func dtfix_error_code(_ error: OpaquePointer?) -> CInt {
  (try? ErrorObject.of(error))?.code ?? 0
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_error_message")
public func dtfix_error_message(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
  let message = (try? ErrorObject.of(error))?.message
  return unsafe message?.start ?? CText.empty
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_error_free")
public func dtfix_error_free(_ error: HandlePlace?) {
  ErrorObject.free(error)
}
