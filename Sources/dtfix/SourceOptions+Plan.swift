// SPDX-License-Identifier: Apache-2.0

import KernelImage
import Kexec
import Loading
import RunningKernel

// What a whole kexec is planned from: a tree, but not for every architecture.
extension SourceOptions {
  /// The next kernel's architecture, and the tree to start from; nil where it takes none, and then none is
  /// looked for.
  ///
  /// - Parameter kernel: what is started.
  func architectureAndTree(
    for kernel: KernelImage
  ) throws(Failure) -> (Architecture, TreeFile?) {
    if let told = try toldArchitecture(), !told.takesTree { return (told, try noTree(for: told)) }
    do throws(Failure) {
      let base = try tree()
      return (try architecture(of: base, or: kernel), base)
    } catch {
      // Without a tree and without a word of the machine's, the kernel tells.
      guard error.code == .notOffered, try toldArchitecture() == nil,
        let own = Architecture(named: "\(kernel.machine)"), !own.takesTree
      else { throw error }
      return (own, try noTree(for: own))
    }
  }

  /// Refuses a tree that would not be looked at.
  private func noTree(for architecture: Architecture) throws(Failure) -> TreeFile? {
    guard let file = mergeDTB ?? dtb, let reason = architecture.treeRefusal else { return nil }
    throw Failure(.usage, "\(file): \(architecture): \(reason)")
  }

  /// The tree that is to be fixed. A machine without one may be one that needs none.
  func treeToFix() throws(Failure) -> TreeFile {
    do throws(Failure) {
      return try tree()
    } catch {
      guard error.code == .notOffered, let told = try? toldArchitecture(), !told.takesTree,
        let reason = told.treeRefusal
      else { throw error }
      throw Failure(.unsupported(architecture: told, reason: reason), in: "\(machine.root)")
    }
  }
}
