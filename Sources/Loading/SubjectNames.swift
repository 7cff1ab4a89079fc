// SPDX-License-Identifier: Apache-2.0

public import Kexec

/// What messages call the subjects of failures.
public struct SubjectNames: Hashable, Sendable {
  /// The kernel's file.
  public var kernel: String
  /// The tree's file; without one, the machine's folder.
  public var tree: String
  /// Where the command line comes from.
  public var commandLine: String
  /// The initrd's file, or the kernel's whose part it is.
  public var initrd: String
  /// The machine's folder; nil without a machine.
  public var machine: String?
  /// What is made.
  public var result: String

  /// The same name for all, but for a plan.
  public init(_ name: String, result: String? = nil) {
    (kernel, tree, commandLine, initrd, machine) = (name, name, name, name, name)
    self.result = result ?? name
  }

  /// The name of a subject; nil where a text needs none.
  func name(of subject: KexecError.Subject) -> String? {
    switch subject {
    case .named: nil
    case .tree, .edit, .chosenProperty, .kaslrSeed, .usableMemory, .backup: tree
    case .architecture, .machine, .memoryMap: machine ?? tree
    case .kernel: kernel
    case .commandLine: commandLine
    case .handedOver(.initrd): initrd
    case .handedOver: nil
    case .result: result
    }
  }
}

extension KexecError {
  /// The same failure, whose text names its subject.
  public func naming(_ names: SubjectNames) -> KexecError {
    guard let name = names.name(of: subject) else { return self }
    return KexecError(kind, "\(name): \(text)", rule: rule, advice: advice, cause: cause)
  }
}
