// SPDX-License-Identifier: Apache-2.0

import Loading

extension Failure {
  /// What Loading could not do; what would help has the names of our options.
  init(_ error: LoadingError) {
    let code =
      switch error.code {
      case .usage: Code.usage
      case .malformedInput: Code.malformedInput
      case .missingInput: Code.missingInput
      case .notOffered: Code.notOffered
      case .systemCall: Code.systemCall
      case .inputOutput: Code.inputOutput
      case .noPermission: Code.noPermission
      }
    self.init(code, error.message + (error.remedy.map(\.options) ?? ""))
  }
}

extension LoadingError.Remedy {
  /// The options that help.
  fileprivate var options: String {
    switch self {
    case .architecture: "; say it with --arch"
    case .architectureAndPageSize: "\n--arch and --page-size make it unnecessary"
    case .excludedMemory: "\nboot with crashkernel=…, or say --exclude"
    case .machine: "\n--root names a machine whose memory is known"
    }
  }
}

/// Does what Loading can do, and fails as we do.
func loading<Value>(
  _ body: () throws(LoadingError) -> Value
) throws(Failure) -> Value {
  do throws(LoadingError) {
    return try body()
  } catch {
    throw Failure(error)
  }
}
