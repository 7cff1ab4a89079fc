// SPDX-License-Identifier: Apache-2.0

public import DeviceTree

/// A device tree that was put together again from its files: `/proc/device-tree`, or a copy of it.
///
/// The kernel makes these files when it has read the blob that it was booted with, and keeps them up to
/// date: overlays, and CPUs and memory that are plugged in, are in them, as is what the running kernel
/// itself wrote. What is not in them: the order of things, reservations and the boot CPU.
public struct LiveTree: Hashable, Sendable {
  /// The tree, with all that the running kernel added; phandles as they are.
  ///
  /// The order is that of ``boot``, then by names and unit addresses
  /// (`Node.sort(like:)`). Where there is no such blob, CPUs may get other numbers in the next kernel,
  /// and devices may be found in another order, than the firmware's order led to.
  public let tree: DeviceTree
  /// The folder or the archive.
  public let path: String
  /// The blob that the kernel was booted with, from which the order, the reservations and the boot CPU
  /// were taken; nil where it could not be had.
  public let boot: DeviceTree?
  /// Why there is no ``boot``; nil for a tree without a machine.
  public let bootError: KexecError?
  /// Nodes and properties that have their own names again, by their paths in the folder.
  public let restoredNames: [String]

  package init(
    _ tree: DeviceTree, at path: String, boot: DeviceTree? = nil, bootError: KexecError? = nil,
    restoredNames: [String] = []
  ) {
    self.tree = tree
    self.path = path
    self.boot = boot
    self.bootError = bootError
    self.restoredNames = restoredNames
  }
}
