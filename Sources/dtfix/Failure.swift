// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Kexec
import Loading
import RunningKernel

/// Why the program ends without a result: one line for people, one number for scripts.
struct Failure: Error {
  let code: Code
  let message: String

  /// Exit codes of `sysexits.h`.
  enum Code: Int32 {
    case different = 1
    case usage = 64
    case malformedInput = 65
    case missingInput = 66
    case notOffered = 69
    case systemCall = 71
    case cannotCreate = 73
    case inputOutput = 74
    case noPermission = 77
  }

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  func exit() -> Never {
    if !message.isEmpty { printError("dtfix: \(message)") }
    Glibc.exit(code.rawValue)
  }
}

extension Failure {
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

  /// A tree that cannot be handed on; the command line has a source of its own.
  init(_ error: PlanError, in file: String, commandLineOf source: String = "--command-line") {
    switch error {
    case .tree, .tooMany, .memoryIsOfUEFI, .notAccepted, .badMemory:
      self.init(.malformedInput, "\(file): \(error)")
    case .badInitrd:
      let advice = "--delete /chosen:\(ChosenProperty.initrdStart) takes it out"
      self.init(.malformedInput, "\(file): \(error)\n\(advice)")
    case .conflict(let conflict):
      self.init(.malformedInput, "\(file): \(conflict)\n\(conflict.advice)")
    case .machineTree: self.init(.malformedInput, "\(error)")
    case .notMerged: self.init(.notOffered, "\(error)")
    case .overlay(let name, _): self.init(.malformedInput, "\(name): \(error)")
    case .edit: self.init(.usage, "\(file): --\(error)")
    case .notReserved: self.init(.usage, "\(file): --unreserve \(error)")
    case .editUndone(let property):
      let advice = Self.option(for: property).map { "\nuse \($0)" } ?? ""
      self.init(.usage, "\(error)\(advice)")
    case .unsupported(let architecture, _):
      let isPlanned = architecture.isPlanned && !architecture.takesTree
      let advice = isPlanned ? "\ndtfix plan makes the command line" : ""
      self.init(.notOffered, "\(file): \(error)\(advice)")
    case .noTree: self.init(.notOffered, "\(file): \(error)")
    case .commandLineTooLong, .commandLineHasNUL: self.init(.usage, "\(source): \(error)")
    case .initrdAtZero, .initrdTooHigh, .initrdReserved, .initrdNotFree, .notInSystemRAM:
      self.init(.usage, "--initrd-at: \(error)")
    case .seedSize: self.init(.usage, "--kaslr-seed: \(error)")
    case .usableMemoryCount, .usableMemoryOrder: self.init(.usage, "--usable-memory: \(error)")
    case .notInCrashRegion(let part, _), .beyondCells(let part, _, _, _):
      self.init(.usage, "\(part.option): \(error)")
    case .coreHeaderOnCommandLine, .handoverOnCommandLine: self.init(.usage, "\(source): \(error)")
    case .badCoreHeaderPlace: self.init(.usage, "--elfcorehdr-at: \(error)")
    case .badPart(let part, _, _): self.init(.usage, "\(part.option): \(error)")
    case .noRoom, .noCrashRegion: self.init(.notOffered, "\(error)")
    case .otherKernel, .emptyInitrd, .addressTooHigh: self.init(.malformedInput, "\(error)")
    case .badBackup: self.init(.usage, "--backup-at: \(error)")
    case .missing(.backup): self.init(.usage, "\(error)\nsay it with --backup-at")
    case .missing, .contradiction, .tooManySegments, .overlappingMemory, .badNote:
      self.init(.malformedInput, "\(file): \(error)")
    }
  }

  /// A core header that cannot be made of a machine.
  init(_ error: PlanError, of machine: RunningKernel, isJoined: Bool) {
    switch error {
    case .missing(.backup): self.init(.usage, "\(error)\nsay it with --backup-at")
    case .badBackup: self.init(.usage, "--backup-at: \(error)")
    case .contradiction:
      self.init(
        .malformedInput,
        "\(machine.root): \(error)\n--linear-map or --kernel-text says which is right")
    case .missing: self.init(.notOffered, "\(machine.root): \(error)")
    case .unsupported: self.init(.notOffered, "\(error)")
    case .tooManySegments:
      let advice = isJoined ? "" : "\n--join-neighbours makes ranges one that touch"
      self.init(.malformedInput, "\(machine.root): \(error)\(advice)")
    default: self.init(.malformedInput, "\(machine.root): \(error)")
    }
  }

  /// The option that says what the hand-over writes to a property of `/chosen`.
  private static func option(for property: String) -> String? {
    switch property {
    case ChosenProperty.commandLine: "--command-line, --append or --no-command-line"
    case ChosenProperty.initrdStart, ChosenProperty.initrdEnd: "--initrd-at"
    case ChosenProperty.kaslrSeed: "--kaslr-seed"
    case ChosenProperty.rngSeed: "--rng-seed"
    case ChosenProperty.imaBuffer: HandoverPart.measurements.option
    case ChosenProperty.liveUpdateTree: HandoverPart.liveUpdateTree.option
    case ChosenProperty.liveUpdateScratch: HandoverPart.liveUpdateScratch.option
    case ChosenProperty.diskKeys: HandoverPart.diskKeys.option
    default: nil
    }
  }

  /// A file that cannot be read.
  init(_ error: MachineError) { self.init(LoadingError(error)) }
}

extension CrashPart {
  /// The option that says where it is.
  fileprivate var option: String {
    switch self {
    case .usableMemory: "--usable-memory"
    case .coreHeader: "--elfcorehdr-at"
    case .initrd: "--initrd-at"
    }
  }
}

extension HandoverPart {
  /// The option that says where it is.
  fileprivate var option: String {
    switch self {
    case .measurements: "--ima-buffer-at"
    case .liveUpdateTree: "--kho-fdt"
    case .liveUpdateScratch: "--kho-scratch"
    case .diskKeys: "--dmcryptkeys-at"
    case .extra: "--extra"
    }
  }
}
