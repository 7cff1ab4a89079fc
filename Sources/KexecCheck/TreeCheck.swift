// SPDX-License-Identifier: Apache-2.0

public import KexecFacts
public import KexecRules

/// A finished tree, read as the kernel reads it that is started with it, whoever made it.
///
/// A tree alone does not say what is loaded where: ``PlanCheck`` compares it with the rest of a plan.
public struct TreeCheck: Sendable {
  /// What the kernel would refuse, ignore or misread, and what would spoil what it is started for.
  public let findings: [Finding]
  /// What it will believe; nil for a tree that cannot be read.
  public let view: NextKernelView?

  /// Checks a tree.
  ///
  /// - Parameters:
  ///   - blob: the tree, as it is handed over.
  ///   - purpose: what it is for; nil for a tree that was not prepared for a kexec, such as a board's.
  ///   - architecture: of the kernel; without it, what the tree describes.
  ///   - machine: what is known about the machine it is for; without facts, the tree is checked alone.
  public init(
    of blob: [UInt8], for purpose: Purpose?, on machine: MachineSnapshot = .init(),
    architecture: Architecture? = nil
  ) {
    let reading = Reading(tree: blob, for: purpose, architecture, on: machine)
    findings = KernelRule.findings(in: reading)
    view = reading.view
  }
}
