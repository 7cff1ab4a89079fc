// SPDX-License-Identifier: Apache-2.0

import KernelImage
public import Kexec

extension LoadJob {
  /// What kexec_file_load(2) takes: the kernel does the rest.
  public struct Files: Hashable, Sendable {
    /// The kernel, unpacked.
    public let kernel: [UInt8]
    /// The initrds as one; nil for none.
    public let initrd: [UInt8]?
    /// The command line, without the NUL at its end.
    public let commandLine: [UInt8]
  }

  /// Leaves everything to the kernel, by kexec_file_load(2).
  ///
  /// - Throws: `KexecError` for what it has no way to do, and for what the kernel would refuse: but
  ///   after it gave up the crash kernel that is loaded.
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
    var line: [UInt8] = []
    switch choice {
    case .given(let given): line = given.bytes
    case .omitted: break
    case .ofTree:
      throw KexecError(.usage, "no command line: neither a machine nor a tree tells one")
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
