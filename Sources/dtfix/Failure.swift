// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Files
import Glibc
import Kexec
import Loading
import RunningKernel

/// The reason the program ends without a result: a line for people, an exit code for scripts.
struct Failure: Error {
  /// The exit code: 1 for a difference or a finding, else that of a ``KexecError/Kind``.
  let status: Int32
  let message: String

  init(_ kind: KexecError.Kind, _ message: String) {
    status = kind.rawValue
    self.message = message
  }

  private init(status: Int32) { (self.status, message) = (status, "") }

  /// `check` or `diff` found something and has printed it.
  static let found = Failure(status: 1)

  func exit() -> Never {
    if !message.isEmpty { printError("dtfix: \(message)") }
    Glibc.exit(status)
  }
}

extension Failure {
  /// What cannot be read or planned, in the words of a command.
  init(_ error: KexecError, _ words: FailureWords = FailureWords("")) {
    self.init(
      error.kind,
      words.prefix(error.subject) + error.message + (error.advice.map(words.advice) ?? "")
        + words.remedy(error.subject))
  }

  /// A file that cannot be read.
  init(_ error: MachineError) { self.init(KexecError(error)) }

  /// Wrong arguments: the reason, and the help to read.
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

/// Runs what fails with a ``KexecError``, which becomes a message in the words of a command.
func failing<Value>(
  _ words: FailureWords = FailureWords(""), _ body: () throws(KexecError) -> Value
) throws(Failure) -> Value {
  do throws(KexecError) {
    return try body()
  } catch {
    throw Failure(error, words)
  }
}

/// Reads files of a machine or a user.
func reading<Value: ~Copyable>(
  _ body: () throws(MachineError) -> Value
) throws(Failure) -> Value {
  do throws(MachineError) {
    return try body()
  } catch {
    throw Failure(error)
  }
}

/// Reads the contents of a file, whose errors are those of its format.
func parsing<Value, Malformation: Error>(
  _ name: String, _ body: () throws(Malformation) -> Value
) throws(Failure) -> Value {
  do throws(Malformation) {
    return try body()
  } catch {
    throw Failure(.malformedInput, "\(name): \(error)")
  }
}

/// Writes files.
func writing(_ body: () throws(WriteError) -> Void) throws(Failure) {
  do throws(WriteError) {
    try body()
  } catch {
    throw Failure(error.isOfCreation ? .cannotCreate : .inputOutput, error.message)
  }
}
