// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import Loading

/// Why a call fails: what an error handle tells.
struct CallFailure: Error, Hashable {
  let code: Code
  let message: String

  /// The numbers of `dtfix.h`; those from 64 on are dtfix' exit codes.
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

extension CallFailure {
  /// What a machine does not tell, or no plan can be made of.
  init(_ error: LoadingError) {
    self.init(Code(rawValue: error.code.rawValue) ?? .system, "\(error)")
  }

  /// What no tree and no core header can be made of.
  init(_ error: PlanError, in source: String) {
    let code: Code =
      switch error {
      case .missing, .unsupported, .noTree, .noRoom, .noCrashRegion, .notMerged: .notOffered
      case .tree, .tooMany, .badInitrd, .badMemory, .memoryIsOfUEFI, .notAccepted, .conflict,
        .machineTree, .overlay, .contradiction, .tooManySegments, .badNote, .overlappingMemory:
        .malformed
      default: .usage
      }
    self.init(code, "\(source): \(error)")
  }

  /// What a tree does not have, or cannot take.
  init(_ error: DeviceTreeError) {
    switch error.code {
    case .notFound: self.init(.notFound, "\(error)")
    case .exists, .badPath, .badName, .isRoot, .badOverlay: self.init(.usage, "\(error)")
    default: self.init(.malformed, "\(error)")
    }
  }
}

/// Runs the body of a function of `dtfix.h`, and turns what it throws into a code and an error handle.
@safe func answer(_ error: HandlePlace?, _ body: () throws(CallFailure) -> Void) -> CInt {
  do throws(CallFailure) {
    try body()
    return 0
  } catch let failure {
    if let error = unsafe error { ErrorObject(failure).hand(to: error) }
    return -failure.code.rawValue
  }
}
