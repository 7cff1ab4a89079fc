// SPDX-License-Identifier: Apache-2.0

import CrashCore
import ELF
import Kexec
import Loading
import RunningKernel
import SystemPackage

/// This machine, or a captured one: nothing is said by hand.
struct Machine {
  let source: SourceMachine

  init(root: String?) {
    source = SourceMachine(RunningKernel(root: FilePath(root ?? "/")))
  }

  var status: Status { Status(of: source.kernel.root, isLive: source.kernel.isLive) }

  /// The architecture of the running kernel, and of the next one.
  func architecture() throws(Failure) -> Architecture {
    guard let architecture = try source.architecture() else {
      throw Failure(.notOffered, "\(source.kernel.root): its architecture is not known here")
    }
    return architecture
  }

  /// The tree to start from; nil where kexec hands none on.
  func tree() throws(Failure) -> TreeFile? {
    try architecture().takesTree ? source.tree() : nil
  }

  /// The command line of the running kernel without what is not for the next one.
  func commandLine(forCrash: Bool) throws(Failure) -> KernelCommandLine {
    try source.commandLine(forCrash: forCrash, for: try architecture())
  }

  /// What memory there is, and who uses it.
  func memory() throws(Failure) -> MachineFacts {
    var (facts, missing) = try source.facts(
      listedIn: source.memoryMap(), pageSize: source.pageSize(), for: architecture())
    if let core = try? source.kernel.core() { facts.byteOrder = core.file.byteOrder }
    guard facts.systemRAM != nil else {
      throw missing ?? Failure(.notOffered, "no memory is known")
    }
    return facts
  }

  /// What the core header of a crash kernel is made of.
  func crashFacts() throws(Failure) -> CrashFacts {
    try source.crashSource(listedIn: source.memoryMap()).facts
  }

  /// What a core header that was made earlier has to fit.
  func coreFacts() throws(Failure) -> CoreMachine {
    guard let map = try source.memoryMap() else { return CoreMachine() }
    return try source.coreMachine(listedIn: map).machine
  }
}
