// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import RunningKernel
import SystemPackage

extension TreeFile {
  /// Opens a machine's tree: the one asked for, or the better one.
  init(of machine: RunningKernel, from origin: TreeOrigin?) throws(Failure) {
    do throws(MachineError) {
      try self.init(choosing: origin, machine)
    } catch {
      let isThere = FileStatus(machine.root.string) != nil
      throw Failure(error, missing: isThere ? .notOffered : .missingInput)
    }
  }

  private init(choosing origin: TreeOrigin?, _ machine: RunningKernel) throws(MachineError) {
    let boot = machine.bootTree()
    if let reason = machine.reasonForLiveTree(origin, besides: boot) {
      self.init(try machine.liveTree(orderedLike: boot), because: reason)
    } else {
      self.init(blob: try boot.get(), named: machine.flatTreePath.string)
    }
  }
}

extension RunningKernel {
  /// Why the live tree is to be taken; nil for the flat one.
  fileprivate func reasonForLiveTree(
    _ origin: TreeOrigin?, besides boot: Result<DeviceTree, MachineError>
  ) -> String? {
    switch origin {
    case .flat: return nil
    case .live: return "asked for"
    case nil: break
    }
    guard hasLiveTree else { return nil }
    switch boot {
    case .failure(.missing): return "there is no \(flatTreePath)"
    case .failure: return nil
    case .success(let tree):
      return Architecture(describedBy: tree)?.prefersLiveTree == true
        ? "on powerpc \(flatTreePath) is as old as the boot" : nil
    }
  }
}
