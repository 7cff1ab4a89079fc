// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Loading
import RunningKernel
import SystemPackage

/// Where a command finds its machine.
struct MachineOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The machine: this one, or one captured in a folder.", valueName: "folder"))
  var root: String?

  var machine: RunningKernel { RunningKernel(root: FilePath(root ?? "/")) }

  func validate() throws {
    guard root != "" else { throw ValidationError("--root is the name of a folder, not empty") }
  }
}

/// Where a command finds its tree, and the facts that go with it.
struct SourceOptions: ParsableArguments {
  @OptionGroup var machineOptions: MachineOptions

  @Option(
    name: [.customShort("i"), .customLong("dtb")],
    help: ArgumentHelp(
      """
      This tree, instead of the machine's: a blob, a folder such as /proc/device-tree, or a tar archive \
      of one; - is standard input.
      """, valueName: "file"))
  var dtb: String?

  @OptionGroup var origin: TreeOriginOptions

  @Option(
    name: .customLong("merge-dtb"),
    help: ArgumentHelp(
      """
      This tree of the machine's board, completed by what the machine's own tree tells of this very \
      machine: memory, reserved memory and reservations, linux,uefi-*, serial number, MAC addresses.
      """, valueName: "file"))
  var mergeDTB: String?

  @Option(
    help: ArgumentHelp(
      """
      The next kernel's architecture, where neither tree nor machine tells: aarch64, riscv64, …; \
      other for one whose limits are not known here.
      """, valueName: "name"))
  var arch: String?

  @Option(
    help: ArgumentHelp(
      """
      Bytes in a page of the running kernel, where the machine does not tell: an old initrd may be \
      reserved in whole pages.
      """, valueName: "bytes"))
  var pageSize: UInt64?

  var machine: RunningKernel { machineOptions.machine }

  /// Whether facts of the machine go with the tree: not when the tree alone was named.
  var machineIsMeant: Bool { dtb == nil || machineOptions.root != nil }

  func validate() throws {
    guard dtb == nil || mergeDTB == nil else {
      throw ValidationError("-i takes a tree as it is, --merge-dtb completes one: say one of them")
    }
    guard dtb == nil || origin.from == nil else {
      throw ValidationError("-i names the tree, --from chooses between a machine's: not both")
    }
    guard let pageSize else { return }
    guard [4096, 16384, 65536].contains(pageSize) else {
      throw ValidationError("--page-size is 4096, 16384 or 65536, not \(pageSize)")
    }
  }
}
