// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import PhysicalMemory

/// A finished tree, read as the kernel reads it that is started with it, whoever made it.
///
/// A tree alone does not tell what is loaded where: ``LoadCheck`` compares it with the rest of a plan.
public struct TreeCheck: Sendable {
  /// What the kernel is started for; it decides what belongs into the tree.
  public enum Purpose: Hashable, Sendable {
    /// An ordinary kexec.
    case kexec
    /// A crash kernel.
    case crash
  }

  /// What the kernel would refuse, ignore or misread, and what would spoil what it is started for.
  public let findings: [Finding]
  /// What it will believe; nil for a tree that cannot be read.
  public let view: NextKernelView?

  /// Checks a tree.
  ///
  /// - Parameters:
  ///   - blob: the tree, as it is handed over.
  ///   - purpose: what it is for; nil for a tree that nobody has prepared, such as a board's.
  ///   - architecture: of the kernel; without it, what the tree describes.
  ///   - machine: what is known about the machine it is for; without facts, the tree is checked alone.
  public init(
    of blob: [UInt8], for purpose: Purpose?, on machine: MachineFacts = .init(),
    architecture: Architecture? = nil
  ) {
    let tree: DeviceTree
    do throws(DeviceTreeError) {
      tree = try DeviceTree(blob: blob)
    } catch {
      findings = [Finding("blob", "\(error)", rule: .libfdt("fdt_check_full"))]
      view = nil
      return
    }
    let architecture = architecture ?? Architecture(describedBy: tree) ?? .other
    do throws(KexecError) {
      let view = try NextKernelView(of: tree, for: architecture)
      self.view = view
      findings =
        CheckedTree(
          tree: tree, view: view, size: blob.count, architecture: architecture, purpose: purpose,
          machine: machine
        ).findings
    } catch {
      view = nil
      findings = [
        Finding("/", "\(error)", rule: .linux("drivers/of/fdt.c", "early_init_dt_scan_root"))
      ]
    }
  }
}
