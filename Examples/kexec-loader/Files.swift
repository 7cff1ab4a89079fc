// SPDX-License-Identifier: Apache-2.0

import CrashCore
import Kexec
import Loading
import RunningKernel
import SystemPackage

extension Arguments {
  /// Reads the files, each once, so that the bytes that are checked are the bytes that are loaded.
  func fileSet() throws(Failure) -> FileSet {
    var set = FileSet()
    for (kind, name, path) in files {
      try withOpenFile(FilePath(path)) { file throws(Failure) in
        try set.add(kind, file, named: name)
      }
    }
    if let commandLine {
      try set.add(.commandLine, Array(commandLine.utf8), named: "--command-line")
    }
    return set
  }
}

/// The bytes of a file.
func contents(of path: FilePath) throws(Failure) -> [UInt8] {
  try withOpenFile(path) { file throws(Failure) in
    try FileSet.contents(of: file, named: path.string)
  }
}

private func withOpenFile<Value>(
  _ path: FilePath, _ body: (FileDescriptor) throws(Failure) -> Value
) throws(Failure) -> Value {
  let file: FileDescriptor
  do {
    // A pipe without a writer is read as empty, without waiting.
    file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
  } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
    throw Failure(.missingInput, "\(path): no such file")
  } catch Errno.permissionDenied, Errno.notPermitted {
    throw Failure(.noPermission, "\(path): permission denied")
  } catch {
    throw Failure(.inputOutput, "\(path): \(error as? Errno ?? .ioError)")
  }
  defer { try? file.close() }
  return try body(file)
}

/// The folder of `dtfix plan -o`.
struct PlanFolder {
  private let manifest: PlanManifest
  private var contents: [String: [UInt8]] = [:]

  /// Reads the whole plan, so that the bytes that are checked are the bytes that are loaded.
  init(_ path: String) throws(Failure) {
    let folder = FilePath(path)
    let place = folder.appending(PlanManifest.fileName)
    let text = String(decoding: try kexec_loader.contents(of: place), as: UTF8.self)
    do throws(PlanManifest.BadLine) {
      manifest = try PlanManifest(text: text)
    } catch {
      throw Failure(.malformedInput, "\(place): \(error)")
    }
    for segment in manifest.segments.prefix(16) {
      contents[segment.file] = try kexec_loader.contents(of: folder.appending(segment.file))
    }
  }

  /// The arguments of kexec_load(2).
  var loadable: Loadable {
    .segments(
      manifest.segments.map { ($0.name, $0.range, contents[$0.file] ?? []) },
      entry: manifest.entry)
  }

  /// Refuses a plan for another purpose, and one that does not fit the machine as it is now.
  func check(for purpose: Purpose, on snapshot: MachineSnapshot) throws(Failure) {
    var machine = snapshot
    guard manifest.purpose == purpose else {
      throw Failure(.usage, "the plan is for \(manifest.purpose == .crash ? "load-crash" : "load")")
    }
    guard let architecture = try machine.readArchitecture() else {
      throw Failure(.notOffered, "\(machine.root ?? ""): unknown architecture")
    }
    guard Architecture(named: manifest.architecture) == architecture else {
      throw Failure(
        .malformedInput, "the plan is for \(manifest.architecture), the machine is \(architecture)")
    }
    try machine.readMemory(for: architecture)
    _ = try machine.$pageSize.ifPresent
    guard machine.systemRAM != nil else {
      throw machine.$systemRAM.failure ?? Failure(.notOffered, "no memory is known")
    }
    machine.read(.core)
    let core =
      purpose == .crash && machine.hasMemoryMap ? try machine.readCoreMachine().0 : CoreMachine()
    let check = PlanCheck(
      of: manifest, contents: contents.mapValues { SegmentContent($0) }, on: machine, core: core)
    guard check.findings.isEmpty else {
      let findings = check.findings.map(\.description).joined(separator: "; ")
      throw Failure(
        .malformedInput, "the plan is not for this machine: \(findings)\nmake a new one: dtfix plan"
      )
    }
  }
}
