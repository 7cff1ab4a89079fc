// SPDX-License-Identifier: Apache-2.0

public import Kexec
public import RunningKernel

/// A machine to start from, live or captured, in the words of Kexec: RunningKernel and Kexec do not know
/// each other, and meet here.
///
/// Every fact is read when it is asked for.
public struct SourceMachine: Hashable, Sendable {
  /// Its files.
  public let kernel: RunningKernel

  /// A machine; without an argument, this one.
  public init(_ kernel: RunningKernel = RunningKernel()) {
    self.kernel = kernel
  }

  /// The architecture of the running kernel; nil when the machine does not tell, and for one that is not
  /// known here.
  ///
  /// - Throws: ``KexecError``, as `RunningKernel.architectureName()`.
  public func architecture() throws(KexecError) -> Architecture? {
    try fact { kernel throws(MachineError) in try kernel.architectureName() }
      .flatMap(Architecture.init(named:))
  }

  /// The command line of the running kernel without what is not for the next one.
  ///
  /// - Parameters:
  ///   - forCrash: whether it is for a crash kernel.
  ///   - architecture: the next kernel's, where it may be one that takes no tree.
  /// - Throws: ``KexecError`` where `/proc/cmdline` cannot be read.
  public func commandLine(
    forCrash: Bool, for architecture: Architecture? = nil
  ) throws(KexecError) -> KernelCommandLine {
    let bytes = try fact { kernel throws(MachineError) in try kernel.commandLine() }
    return KernelCommandLine(reusing: bytes, forCrash: forCrash, for: architecture)
  }

  /// Asks for one fact.
  func fact<Value>(
    _ read: (RunningKernel) throws(MachineError) -> Value
  ) throws(KexecError) -> Value {
    do throws(MachineError) {
      return try read(kernel)
    } catch {
      throw KexecError(error)
    }
  }
}
