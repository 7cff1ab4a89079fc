// SPDX-License-Identifier: Apache-2.0

public import Kexec
import RunningKernel
import SystemPackage

extension MachineSnapshot {
  /// The machine's tree: the requested one, or the better one. That is the flat one; the live one on
  /// powerpc, where the flat one is not kept up to date, and where there is no flat one.
  ///
  /// - Throws: `KexecError`; `KexecError.Kind.notOffered` for a machine without a tree.
  public mutating func readTree(_ origin: TreeOrigin? = nil) throws(KexecError) -> TreeFile {
    read(.flatTree)
    if let reason = reasonForLiveTree(origin) {
      read(.liveTree)
      return TreeFile(try $live.unwrapped(), because: reason)
    }
    return TreeFile(blob: try $flatTree.unwrapped(), named: "\(kernel.flatTreePath)")
  }

  /// Why the live tree is to be taken; nil for the flat one.
  private func reasonForLiveTree(_ origin: TreeOrigin?) -> String? {
    switch origin {
    case .flat: return nil
    case .live: return "requested"
    case nil: break
    }
    guard hasLiveTree else { return nil }
    switch $flatTree.origin {
    case .absent: return "there is no \(kernel.flatTreePath)"
    case .source(let path):
      return flatTree.flatMap { Architecture(describedBy: $0) }?.prefersLiveTree == true
        ? "on powerpc \(path) is as old as the boot" : nil
    case .notRead, .unreadable: return nil
    }
  }
}
