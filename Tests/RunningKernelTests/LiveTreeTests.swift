// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import RunningKernel
import SystemPackage
import TestSupport
import Testing

/// Machines whose capture has a live tree.
private let machines = [
  "arm64-virt-1g-6.1", "arm64-virt-2g-6.12-kf", "arm64-virt-6.12", "arm64-virt-6.12-kf",
  "arm64-virt-6g-highlow-6.12-kf", "arm64-virt-uefi-dt-6.12-kf", "riscv64-virt-6.12",
  "riscv64-virt-7.2-kf",
]

private func machine(_ name: String) throws -> RunningKernel {
  RunningKernel(root: FilePath(try Fixtures.machine(name)))
}

@Suite struct `A tree put together from the files of a live one` {
  @Test(arguments: machines)
  func `is the one that the machine was booted with`(name: String) throws {
    let machine = try machine(name)
    let boot = try DeviceTree(blob: try machine.flatTree())

    let live = try machine.liveTree()

    #expect(live.tree.compared(with: boot).isEqual)
    #expect(live.tree.root == boot.root)
    #expect(live.boot == boot)
    #expect(live.bootError == nil)
    #expect(live.path == machine.liveTreePath.string)
    #expect(live.restoredNames == [])
  }

  @Test(arguments: ["pseries-6.12", "pseries-7.2-kf"])
  func `has what powerpc kernels add, and security- as the capture has it: empty`(
    name: String
  ) throws {
    let machine = try machine(name)
    let boot = try DeviceTree(blob: try machine.flatTree())

    let comparison = boot.compared(with: try machine.liveTree().tree)

    let names = comparison.differences.map { difference in
      guard case .property(let name, let node, let from, let to) = difference else { return "" }
      return (from == nil ? "+" : to?.bytes == [] ? "0" : "?") + node + ":" + name
    }
    #expect(
      names == [
        "+/chosen:linux,crashkernel-base", "+/chosen:linux,crashkernel-size",
        "+/chosen:linux,kernel-end", "+/chosen:linux,memory-limit",
        "0/options:security-#badlogins", "0/options:security-mode", "0/options:security-password",
      ])
    #expect(comparison.reorderedNodes == [])
  }
}
