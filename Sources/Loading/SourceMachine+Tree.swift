// SPDX-License-Identifier: Apache-2.0

import DeviceTree
public import Kexec
import RunningKernel
import SystemPackage

extension SourceMachine {
  /// The machine's tree: the one asked for, or the better one. That is the flat one; the live one on
  /// powerpc, where the flat one is not kept up to date, and where there is no flat one.
  ///
  /// - Throws: ``KexecError``; ``KexecError/Kind/notOffered`` for a machine without a tree.
  public func tree(_ origin: TreeOrigin? = nil) throws(KexecError) -> TreeFile {
    do throws(MachineError) {
      let boot = kernel.bootTree()
      if let reason = reasonForLiveTree(origin, besides: boot) {
        return TreeFile(try kernel.liveTree(orderedLike: boot), because: reason)
      }
      return TreeFile(blob: try boot.get(), named: kernel.flatTreePath.string)
    } catch {
      throw KexecError(error, missing: kernel.isThere ? .notOffered : .missingInput)
    }
  }

  /// Why the live tree is to be taken; nil for the flat one.
  private func reasonForLiveTree(
    _ origin: TreeOrigin?, besides boot: Result<DeviceTree, MachineError>
  ) -> String? {
    switch origin {
    case .flat: return nil
    case .live: return "asked for"
    case nil: break
    }
    guard kernel.hasLiveTree else { return nil }
    switch boot {
    case .failure(.missing): return "there is no \(kernel.flatTreePath)"
    case .failure: return nil
    case .success(let tree):
      return Architecture(describedBy: tree)?.prefersLiveTree == true
        ? "on powerpc \(kernel.flatTreePath) is as old as the boot" : nil
    }
  }
}
