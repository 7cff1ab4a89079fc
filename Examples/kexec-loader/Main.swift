// SPDX-License-Identifier: Apache-2.0
// kexec-loader: a small real loader on top of the library.

import Glibc
import Kexec
import Loading
import RunningKernel
import SystemPackage

@main
struct Loader {
  static func main() {
    let words = Array(CommandLine.arguments.dropFirst())
    guard !words.contains("--help") else { return say(Arguments.help) }
    do throws(Failure) {
      try Loader(Arguments(words)).run()
    } catch {
      complain("kexec-loader: \(error)")
      exit(error.kind.rawValue)
    }
  }

  private let arguments: Arguments
  private let machine: RunningKernel
  private let status: Status

  private init(_ arguments: Arguments) {
    self.arguments = arguments
    machine = RunningKernel(root: FilePath(arguments.root ?? "/"))
    status = Status(ofOwn: machine)
  }

  private var forCrash: Bool { arguments.command.isForCrash }

  private func run() throws(Failure) {
    switch arguments.command {
    case .load, .loadCrash: try load()
    case .unload, .unloadCrash: try unload()
    case .execute: try execute()
    case .status: say(status.lines)
    }
  }

  /// Makes and checks everything before the first system call: a crash kernel that is refused takes the
  /// one with it that was loaded before.
  private func load() throws(Failure) {
    let (choice, loadable) = try arguments.plan == nil ? fromFiles() : fromPlan()
    say(["\(choice.call.rawValue): \(choice.reason)"])
    guard !arguments.isDryRun else { return say(loadable.lines + ["nothing was loaded"]) }
    try status.check(choice.call, forCrash: forCrash)
    try status.checkCrashMemory(forCrash: forCrash)
    try call { () throws(CallError) in try loadable.load(forCrash: forCrash) }
    guard isLoaded != false else {
      throw Failure(.systemCall, "\(choice.call.rawValue): succeeded, and nothing is loaded")
    }
  }

  private func fromPlan() throws(Failure) -> (CallChoice, any Loadable) {
    let folder = try PlanFolder(arguments.plan ?? "")
    try folder.check(forCrash: forCrash, on: machine.snapshot())
    return (.ofPlan, SegmentedKernel(folder))
  }

  private func fromFiles() throws(Failure) -> (CallChoice, any Loadable) {
    let job = try LoadJob(arguments.files(), arguments.options, on: machine.snapshot())
    let choice = try job.choice(requested: arguments.call, on: status)
    guard choice.call == .kexecLoad else {
      return (choice, try KernelFiles(job.filesForKernel(), isLogged: arguments.isLogged))
    }
    let plan = try job.plan()
    plan.warnings.forEach { complain("warning: \($0)") }
    return (choice, SegmentedKernel(plan))
  }

  private func unload() throws(Failure) {
    let isOther = status.isLockedDown || status.calls[.kexecLoad] == false
    let call =
      isOther && status.calls[.kexecFileLoad] != false ? SystemCall.kexecFileLoad : .kexecLoad
    try status.check(call, forCrash: forCrash)
    try self.call { () throws(CallError) in try call.unload(forCrash: forCrash) }
  }

  private func execute() throws(Failure) {
    try status.checkExecutable()
    try call { () throws(CallError) in try kexec_loader.execute() }
  }

  /// Whether something is loaded now.
  private var isLoaded: Bool? {
    forCrash ? Status(ofOwn: machine).isCrashLoaded : Status(ofOwn: machine).isLoaded
  }

  /// Makes a system call, and explains why it failed.
  private func call(_ body: () throws(CallError) -> Void) throws(Failure) {
    do throws(CallError) {
      try body()
    } catch {
      let isLost = forCrash && status.isCrashLoaded == true && isLoaded == false
      throw Failure(
        error, on: status, loss: isLost ? "the crash kernel that was loaded is gone" : nil)
    }
  }
}

/// Lines on standard output.
private func say(_ lines: [String]) {
  lines.forEach { print($0.visible) }
}

private func say(_ text: String) {
  print(text, terminator: "")
}

/// A message on standard error; what a file may have put into it does not steer the terminal.
private func complain(_ message: String) {
  let lines = message.split(separator: "\n").map { $0.visible + "\n" }
  _ = try? FileDescriptor.standardError.writeAll(lines.joined().utf8)
}

extension StringProtocol {
  /// The same with control characters as numbers.
  fileprivate var visible: String {
    unicodeScalars.map { scalar in
      scalar.properties.generalCategory == .control
        ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
    }.joined()
  }
}
