// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

import CDTFix
import KernelImage
import Kexec
import Loading
import RunningKernel

/// Why a call failed: the contents of an error handle.
struct CallFailure: Error, Hashable {
  /// DTFIX_E_….
  let code: CInt
  let message: String

  init(_ code: Int, _ message: String) {
    self.code = CInt(code)
    self.message = message
  }

  init(_ kind: KexecError.Kind, _ message: String) { self.init(Int(kind.rawValue), message) }

  static func argument(_ message: String) -> CallFailure {
    CallFailure(DTFIX_E_ARGUMENT, message)
  }

  /// An error of any layer below; those without a kind are about malformed bytes.
  init(_ error: any Error) {
    switch error {
    case let failure as CallFailure: self = failure
    case let error as KexecError: self.init(error.kind, "\(error)")
    case let error as KernelFileError: self.init(KexecError.Kind(error), "\(error)")
    case let error as MachineError: self.init(KexecError(error))
    default: self.init(.malformedInput, "\(error)")
    }
  }
}

/// Runs the body of a function of `dtfix.h`, and turns its error into a code and an error handle.
@safe func call(_ error: Out, _ body: () throws -> Void) -> CInt {
  do {
    try body()
    return 0
  } catch let thrown {
    let failure = CallFailure(thrown)
    ErrorObject(failure).hand(to: error)
    return -failure.code
  }
}

/// Runs the body of a function of `dtfix.h` that makes an object, and returns the object in a new handle.
@safe func call(
  _ error: Out, making place: Out, _ name: String, _ body: () throws -> some HandleObject
) -> CInt {
  call(error) {
    guard unsafe place != nil else { throw CallFailure.argument("\(name): NULL") }
    try body().hand(to: place)
  }
}

/// Runs a part of a call whose errors are about a tree or a machine of this name.
func naming<Value>(
  _ source: String, _ body: () throws(KexecError) -> Value
) throws(KexecError) -> Value {
  do throws(KexecError) {
    return try body()
  } catch {
    throw error.naming(SubjectNames(source))
  }
}

@_cdecl("dtfix_abi_version")
public func dtfix_abi_version() -> UInt32 { UInt32(DTFIX_ABI_VERSION) }
