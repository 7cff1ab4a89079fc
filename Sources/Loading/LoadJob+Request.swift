// SPDX-License-Identifier: Apache-2.0

import KernelImage
public import Kexec
import RunningKernel

extension LoadJob {
  /// The next kernel's architecture: what was said; else the running kernel's, if there is a machine; else
  /// what the tree describes, or the kernel is made for.
  ///
  /// - Throws: `KexecError` where it is not known.
  public func architecture() throws(KexecError) -> Architecture {
    var source = source
    if let known = try source.knownArchitecture() { return known }
    return try source.architectureAndTree(or: kernelArchitecture).0
  }

  /// Asks the machine, and gathers all that a plan is made of.
  ///
  /// - Throws: `KexecError` for what is missing.
  public func gathered() throws(KexecError) -> GatheredRequest {
    _ = try kernel.image
    var source = source
    let (architecture, base) = try source.architectureAndTree(or: kernelArchitecture)
    let line = try source.commandLine(of: kernel, for: architecture, base)
    let isForCrash = options.purpose == .crash
    if isForCrash { try source.readCrashFacts(for: architecture, given: options.given) }
    // Until the kernel says so, it is little-endian.
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
