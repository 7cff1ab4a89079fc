// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Files
import Glibc
import Kexec
import Loading
import RunningKernel

/// Why the program ends without a result: one line for people, one number for scripts.
struct Failure: Error {
  /// The exit code: 1 for a difference or a finding, else that of a ``KexecError/Kind``.
  let status: Int32
  let message: String

  init(_ kind: KexecError.Kind, _ message: String) {
    status = kind.rawValue
    self.message = message
  }

  private init(status: Int32) {
    self.status = status
    message = ""
  }

  /// `check` or `diff` found something, which is printed already.
  static let found = Failure(status: 1)

  func exit() -> Never {
    if !message.isEmpty { printError("dtfix: \(message)") }
    Glibc.exit(status)
  }
}

extension Failure {
  /// What cannot be read, made or planned, in the words of a command.
  init(_ error: KexecError, _ words: FailureWords = FailureWords("")) {
    self.init(
      error.kind,
      words.prefix(error.subject) + error.message + (error.advice.map(words.advice) ?? "")
        + words.remedy(error.subject))
  }

  /// A file that cannot be read.
  init(_ error: MachineError) { self.init(KexecError(error)) }

  /// Arguments that are not as they should be: what is wrong, and where to read how it is right.
  ///
  /// ArgumentParser's own message is the reason, then the usage, then `See 'dtfix … --help'`: the
  /// first line and the quoted command are kept.
  init(usage error: any Error) {
    let lines = DTFix.fullMessage(for: error).split(separator: "\n")
    let help = lines.last.flatMap { $0.split(separator: "'").dropFirst().first }
    let message = DTFix.message(for: error).prefix { $0 != "\n" }
    self.init(.usage, "\(message)\nsee \(help ?? "dtfix --help")")
  }
}

/// Runs what fails with a ``KexecError``, and says so in the words of a command.
func failing<Value>(
  _ words: FailureWords = FailureWords(""), _ body: () throws(KexecError) -> Value
) throws(Failure) -> Value {
  do throws(KexecError) {
    return try body()
  } catch {
    throw Failure(error, words)
  }
}

/// Writes, and fails as we do.
func writing(_ body: () throws(WriteError) -> Void) throws(Failure) {
  do throws(WriteError) {
    try body()
  } catch {
    throw Failure(error.isOfCreation ? .cannotCreate : .inputOutput, error.message)
  }
}
