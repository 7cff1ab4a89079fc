// SPDX-License-Identifier: Apache-2.0

public import DeviceTree
public import SystemPackage

/// A device tree that was put together again from its files: `/proc/device-tree`, or a copy of it.
///
/// The kernel makes these files when it has read the blob that it was booted with, and keeps them up to
/// date: overlays, and CPUs and memory that are plugged in, are in them, as is what the running kernel
/// itself wrote. What is not in them: the order of things, reservations and the boot CPU.
public struct LiveTree: Hashable, Sendable {
  /// The tree, with all that the running kernel added; phandles as they are.
  ///
  /// The order is that of ``boot``, and behind it one by names and unit addresses
  /// (`Node.sort(like:)`). Where there is no such blob, CPUs may get other numbers in the next kernel,
  /// and devices may be found in another order, than the firmware's order led to.
  public let tree: DeviceTree
  /// The folder or the archive.
  public let path: FilePath
  /// The blob that the kernel was booted with, from which the order, the reservations and the boot CPU
  /// were taken; nil where it could not be had.
  public let boot: DeviceTree?
  /// Why there is no ``boot``; nil for a tree without a machine.
  public let bootError: MachineError?
  /// Nodes and properties that have their own names again, by their paths in the folder.
  public let restoredNames: [String]
}

extension LiveTree {
  /// Makes a tree of files that were read.
  init(
    _ root: Node, at path: FilePath, boot: Result<DeviceTree, MachineError>?
  ) throws(MachineError) {
    var root = root
    guard !root.properties.isEmpty || !root.children.isEmpty else { throw .emptyTree(path) }
    restoredNames = root.takeBackExport().sorted()
    let flat = try? boot?.get()
    root.sort(like: flat?.root)
    do throws(DeviceTreeError) {
      if let flat {
        tree = try DeviceTree(root: root, besides: flat)
      } else {
        tree = try DeviceTree(root: root)
      }
    } catch {
      throw .malformedTree(path, error)
    }
    self.path = path
    self.boot = flat
    if case .failure(let error) = boot { bootError = error } else { bootError = nil }
  }

  /// Reads a folder such as `/proc/device-tree`, of which nothing else is known.
  ///
  /// - Throws: what ``RunningKernel/liveTree()`` throws.
  public init(folder path: FilePath) throws(MachineError) {
    try self.init(
      TreeFolder(path: path, limit: RunningKernel.treeLimit).root(), at: path, boot: nil)
  }
}

extension RunningKernel {
  /// The tree that the kernel works with, put together from the files of `/proc/device-tree`.
  ///
  /// Links are passed over, properties are read to their end whatever size they claim, and a tree that
  /// changes meanwhile is read again. Properties called `security-*` take root.
  ///
  /// - Throws: ``MachineError/missing(_:advice:)`` where there is none, as on machines booted with ACPI;
  ///   ``MachineError/notPermitted(_:advice:)``; ``MachineError/unsteady(_:attempts:)``;
  ///   ``MachineError/tooLarge(_:limit:)`` for more than ``treeLimit`` bytes of names and values;
  ///   ``MachineError/malformedTree(_:_:)`` for a name or a depth that no blob can have.
  public func liveTree() throws(MachineError) -> LiveTree {
    try liveTree(orderedLike: bootTree())
  }

  /// The same, for those who have tried ``flatTree()`` already.
  package func liveTree(
    orderedLike boot: Result<DeviceTree, MachineError>
  ) throws(MachineError) -> LiveTree {
    let path = liveTreePath
    return try LiveTree(
      TreeFolder(path: path, limit: Self.treeLimit).root(), at: path, boot: boot)
  }

  /// ``flatTree()``, read; or why not.
  package func bootTree() -> Result<DeviceTree, MachineError> {
    do throws(MachineError) {
      let blob = try flatTree()
      do throws(DeviceTreeError) {
        return .success(try DeviceTree(blob: blob))
      } catch {
        throw .malformedTree(flatTreePath, error)
      }
    } catch {
      return .failure(error)
    }
  }

  /// Where ``liveTree()`` comes from.
  public var liveTreePath: FilePath { path("proc/device-tree") }
}
