// SPDX-License-Identifier: Apache-2.0
// kexec-loader: a loader for kexec on top of the libraries.

import CKexec
import Glibc
import Kexec
import Loading
import RunningKernel
import SystemPackage

typealias Failure = KexecError

@main
struct Loader {
  static func main() {
    let words = Array(CommandLine.arguments.dropFirst())
    guard !words.contains("--help") else { return print(Arguments.help, terminator: "") }
    do throws(Failure) {
      try Loader(Arguments(words)).run()
    } catch {
      complain("kexec-loader: \(error)")
      exit(error.kind.rawValue)
    }
  }

  private let arguments: Arguments
  private let machine: RunningKernel
  private let status: KexecStatus

  private init(_ arguments: Arguments) {
    self.arguments = arguments
    machine = RunningKernel(root: FilePath(arguments.root ?? "/"))
    status = KexecStatus(ofOwn: machine)
  }

  private var purpose: Purpose { arguments.command.purpose }

  private func run() throws(Failure) {
    switch arguments.command {
    case .load, .loadCrash: try load()
    case .unload, .unloadCrash: try unload()
    case .execute: try execute()
    case .status: say(status.lines)
    }
  }

  /// Makes and checks everything before the system call: a load of a crash kernel that fails unloads the
  /// crash kernel that was loaded before.
  private func load() throws(Failure) {
    let (choice, loadable) = try loadable()
    say(["\(choice.call.rawValue): \(choice.reason)"])
    guard !arguments.isDryRun else { return say(loadable.lines + ["nothing was loaded"]) }
    try status.check(choice.call, for: purpose)
    try status.checkCrashMemory(for: purpose)
    try call { () throws(CallError) in try loadable.load(for: purpose) }
    guard isLoaded != false else {
      throw Failure(.systemCall, "\(choice.call.rawValue): succeeded, but nothing is loaded")
    }
  }

  private func loadable() throws(Failure) -> (CallChoice, Loadable) {
    if let path = arguments.plan {
      let folder = try PlanFolder(path)
      try folder.check(for: purpose, on: machine.snapshot())
      return (.ofPlan, folder.loadable)
    }
    let job = try LoadJob(arguments.fileSet(), arguments.options, on: machine.snapshot())
    let choice = try job.choice(requested: arguments.call, on: status)
    guard choice.call == .kexecLoad else { return (choice, try Loadable(job.filesForKernel())) }
    let plan = try job.plan()
    plan.warnings.forEach { complain("warning: \($0)") }
    return (choice, Loadable(plan))
  }

  private func unload() throws(Failure) {
    let isOther = status.isLockedDown || status.calls[.kexecLoad] == false
    let call =
      isOther && status.calls[.kexecFileLoad] != false ? SystemCall.kexecFileLoad : .kexecLoad
    try status.check(call, for: purpose)
    try self.call { () throws(CallError) in try call.unload(for: purpose) }
  }

  private func execute() throws(Failure) {
    try status.checkExecutable()
    try call { () throws(CallError) in try CallError.check(ckexec_execute(), of: .reboot) }
  }

  /// Whether a kernel for this purpose is loaded now.
  private var isLoaded: Bool? {
    purpose == .crash ? KexecStatus(of: machine).isCrashLoaded : KexecStatus(of: machine).isLoaded
  }

  /// Makes a system call, and explains why it failed.
  private func call(_ body: () throws(CallError) -> Void) throws(Failure) {
    do throws(CallError) {
      try body()
    } catch {
      let isLost = purpose == .crash && status.isCrashLoaded == true && isLoaded == false
      throw Failure(
        error, on: status,
        loss: isLost ? "the crash kernel loaded before is gone" : nil)
    }
  }
}

private func say(_ lines: [String]) {
  lines.forEach { print($0.visible) }
}

/// Prints a message on standard error.
private func complain(_ message: String) {
  let lines = message.split(separator: "\n").map { $0.visible + "\n" }
  _ = try? FileDescriptor.standardError.writeAll(lines.joined().utf8)
}

extension StringProtocol {
  /// The text with control characters, which may come from a file, as numbers.
  fileprivate var visible: String {
    unicodeScalars.map { scalar in
      scalar.properties.generalCategory == .control
        ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
    }.joined()
  }
}
