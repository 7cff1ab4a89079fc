// SPDX-License-Identifier: Apache-2.0

import CrashCore
import Kexec
import Loading
import RunningKernel
import SystemPackage

/// A plan that `dtfix plan -o` wrote.
struct PlanFolder {
  let manifest: LoadManifest
  /// The bytes of its files.
  let contents: [String: [UInt8]]

  /// Reads a plan whole, so that what is checked is what is loaded.
  init(_ path: String) throws(Failure) {
    let folder = FilePath(path)
    let place = folder.appending(LoadManifest.fileName)
    let text = String(decoding: try kexec_loader.contents(of: place), as: UTF8.self)
    do throws(LoadManifest.BadLine) {
      manifest = try LoadManifest(text: text)
    } catch {
      throw Failure(.malformedInput, "\(place): \(error)")
    }
    var contents: [String: [UInt8]] = [:]
    for segment in manifest.segments.prefix(16) {
      contents[segment.file] = try kexec_loader.contents(of: folder.appending(segment.file))
    }
    self.contents = contents
  }

  /// Refuses a plan that is not for this, or not for this machine as it is now.
  func check(forCrash: Bool, on machine: MachineSnapshot) throws(Failure) {
    var machine = machine
    guard (manifest.purpose == .crash) == forCrash else {
      let command = manifest.purpose == .crash ? "load-crash" : "load"
      throw Failure(.usage, "the plan is for \(command)")
    }
    let architecture = try machine.knownArchitecture()
    guard Architecture(named: manifest.architecture) == architecture else {
      throw Failure(
        .malformedInput, "a plan for \(manifest.architecture) on a machine of \(architecture)")
    }
    try machine.readKnownMemory()
    let core =
      forCrash && machine.hasMemoryMap ? try machine.readCoreMachine().0 : CoreMachine()
    let check = PlanCheck(
      of: manifest, contents: contents.mapValues { LoadContent($0) }, on: machine, core: core)
    guard check.findings.isEmpty else {
      let findings = check.findings.map(\.description).joined(separator: "; ")
      throw Failure(
        .malformedInput, "the plan is not for this machine: \(findings)\nmake a new one: dtfix plan"
      )
    }
  }
}
