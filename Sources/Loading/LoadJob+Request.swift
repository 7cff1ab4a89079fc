// SPDX-License-Identifier: Apache-2.0

import KernelImage
public import Kexec
import RunningKernel

extension LoadJob {
  /// The next kernel's architecture: the explicit one; else the running kernel's, if there is a machine; else
  /// that of the tree, or of the kernel file.
  ///
  /// - Throws: `KexecError` where it is not known.
  public func architecture() throws(KexecError) -> Architecture {
    var source = source
    if let known = try source.knownArchitecture() { return known }
    return try source.architectureAndTree(or: kernelArchitecture).0
  }

  /// Reads the machine, and gathers everything for a plan.
  ///
  /// - Throws: `KexecError` for what is missing.
  public func gathered() throws(KexecError) -> GatheredRequest {
    _ = try kernel.image
    var source = source
    let (architecture, base) = try source.architectureAndTree(or: kernelArchitecture)
    let line = try source.commandLine(of: kernel, for: architecture, base)
    let isForCrash = options.purpose == .crash
    if isForCrash { try source.readCrashFacts(for: architecture, given: options.given) }
    // The byte order is in /proc/kcore.
    source.machine?.read(.core)
    let facts = try source.memory(base, for: architecture)
    var gathered = try source.gathered(base, architecture, facts, line, of: kernel)
    gathered.request.inputs += try inputs(for: gathered.request)
    gathered.notes =
      (base?.notes ?? []) + kernel.notes + (isForCrash ? facts.crashNotes : [])
    gathered.names.initrd = files.item(.initrd)?.name ?? kernel.name
    return gathered
  }

  private var kernelArchitecture: Architecture? {
    (try? kernel.image).flatMap { Architecture($0.machine) }
  }
}

extension LoadJob {
  /// What kexec_file_load(2) takes.
  public struct Files: Hashable, Sendable {
    /// The kernel, unpacked.
    public let kernel: [UInt8]
    /// The concatenated initrds; nil for none.
    public let initrd: [UInt8]?
    /// The command line, without the NUL at its end.
    public let commandLine: [UInt8]
  }

  /// The arguments of kexec_file_load(2), by which the kernel does the rest.
  ///
  /// - Throws: `KexecError` for what it cannot do, and for what the kernel would refuse only after it has
  ///   unloaded the crash kernel.
  public func filesForKernel() throws(KexecError) -> Files {
    let architecture = try architecture()
    let (line, name) = try source.commandLine(of: kernel, for: architecture, nil)
    do throws(KexecError) {
      return try filesForKernel(of: architecture, line)
    } catch {
      var names = source.names(of: kernel, nil, commandLine: name)
      names.initrd = files.item(.initrd)?.name ?? kernel.name
      throw error.naming(names)
    }
  }

  private func filesForKernel(
    of architecture: Architecture, _ choice: CommandLineChoice
  ) throws(KexecError) -> Files {
    if let need = planNeeds.first { throw KexecError(.usage, need) }
    try checkIsKernel(for: architecture)
    let line: [UInt8]
    switch choice {
    case .given(let given): line = given.bytes
    case .omitted: line = []
    case .ofTree:
      throw KexecError(.usage, "no command line: neither a machine nor a tree has one")
    }
    if let limit = architecture.commandLineLimit, line.count >= limit.value {
      throw .commandLineTooLong(size: line.count, architecture)
    }
    guard initrd?.isEmpty != true else { throw .emptyInitrd }
    return Files(kernel: kernel.bytes, initrd: initrd, commandLine: line)
  }

  private func checkIsKernel(for architecture: Architecture) throws(KexecError) {
    let isX86 = kernel.file.layers.last?.format == .bzImage && architecture == .x86_64
    guard !isX86 else { return }
    let machine = try kernel.image.machine
    guard Architecture(machine) == architecture else {
      throw .otherKernel(machine, architecture)
    }
  }
}
