// SPDX-License-Identifier: Apache-2.0

import CrashCore
import Kexec
import Loading
import RunningKernel
import SystemPackage

/// A plan that `dtfix plan -o` wrote.
struct PlanFolder {
  private let manifest: PlanManifest
  /// The bytes of its files.
  private var contents: [String: [UInt8]] = [:]

  /// Reads a plan whole, so that what is checked is what is loaded.
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

  /// What kexec_load(2) takes of it.
  var loadable: Loadable {
    .segments(
      manifest.segments.map {
        .init(name: $0.name, range: $0.range, bytes: contents[$0.file] ?? [])
      }, entry: manifest.entry)
  }

  /// Refuses a plan that is not for this, or not for this machine as it is now.
  func check(for purpose: Purpose, on snapshot: MachineSnapshot) throws(Failure) {
    var machine = snapshot
    guard manifest.purpose == purpose else {
      throw Failure(.usage, "the plan is for \(manifest.purpose == .crash ? "load-crash" : "load")")
    }
    guard let architecture = try machine.readArchitecture() else {
      throw Failure(.notOffered, "\(machine.root ?? ""): its architecture is not known here")
    }
    guard Architecture(named: manifest.architecture) == architecture else {
      throw Failure(
        .malformedInput, "a plan for \(manifest.architecture) on a machine of \(architecture)")
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
