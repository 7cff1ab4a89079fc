// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Files
import Glibc
public import Kexec
public import SystemPackage

extension LiveTree {
  /// Makes a tree from the files of a folder.
  ///
  /// - Parameter boot: the boot tree, which has the order, the reservations and the boot CPU.
  init(
    _ root: Node, at path: FilePath, boot: Fact<DeviceTree?>?
  ) throws(MachineError) {
    var root = root
    guard !root.properties.isEmpty || !root.children.isEmpty else { throw .emptyTree(path) }
    let restoredNames = root.restoreNames().sorted()
    let flat = boot?.value
    root.sort(like: flat?.root)
    let tree: DeviceTree
    do throws(DeviceTreeError) {
      if let flat {
        tree = try DeviceTree(root: root, besides: flat)
      } else {
        tree = try DeviceTree(root: root)
      }
    } catch {
      throw .malformedTree(path, error)
    }
    self.init(
      tree, at: path.string, boot: flat, bootError: boot?.failure, restoredNames: restoredNames)
  }

  /// Reads a folder such as `/proc/device-tree` without its machine.
  ///
  /// - Throws: what ``RunningKernel/liveTree()`` throws.
  public init(folder path: FilePath) throws(MachineError) {
    let folder = TreeFolder(path: path, limit: RunningKernel.treeLimit)
    try self.init(folder.root(), at: path, boot: nil)
  }

  /// Reads a tar archive of such a folder: as POSIX defines it (ustar, pax) or GNU tar writes it.
  ///
  /// - Parameters:
  ///   - archive: its bytes.
  ///   - path: its name in errors.
  /// - Throws: ``MachineError/malformed(_:_:)`` for an archive that is damaged, truncated, or has
  ///   hard links or sparse files; and what ``RunningKernel/liveTree()`` throws.
  public init(archive: Span<UInt8>, named path: FilePath) throws(MachineError) {
    var reader = TreeArchive(path, limit: RunningKernel.treeLimit)
    try self.init(reader.readRoot(of: archive), at: path, boot: nil)
  }

  /// Whether a file is such an archive, by its first 512 bytes.
  public static func isArchive(_ file: Span<UInt8>) -> Bool { TarReader.isArchive(file) }
}

extension RunningKernel {
  /// The kernel's current tree, made from the files of `/proc/device-tree`.
  ///
  /// Symbolic links are skipped, properties are read to their end whatever size they claim, and a tree
  /// that changes meanwhile is read again. Properties called `security-*` need root.
  ///
  /// - Throws: ``MachineError/missing(_:advice:)`` on machines booted with ACPI;
  ///   ``MachineError/notPermitted(_:advice:)``; ``MachineError/unsteady(_:attempts:)``;
  ///   ``MachineError/tooLarge(_:limit:)`` for more than ``treeLimit`` bytes of names and values;
  ///   ``MachineError/malformedTree(_:_:)`` for a name or a depth that no blob can have.
  public func liveTree() throws(MachineError) -> LiveTree {
    try liveTree(orderedLike: snapshot(of: .flatTree).$flatTree)
  }

  /// The same, with the boot tree read already.
  func liveTree(orderedLike boot: Fact<DeviceTree?>) throws(MachineError) -> LiveTree {
    let path = liveTreePath
    return try LiveTree(liveRoot(path), at: path, boot: boot)
  }

  /// As much of the live tree as can be read, with the names of its files, and what was left out.
  func liveRootAndLeftOut() throws(MachineError) -> (root: Node, leftOut: [TreeFolder.LeftOut]) {
    let path = liveTreePath
    guard !isArchiveOfLiveTree else { return (try liveRoot(path), []) }
    return try TreeFolder(path: path, limit: Self.treeLimit).rootAndLeftOut()
  }

  private func liveRoot(_ path: FilePath) throws(MachineError) -> Node {
    guard hasLiveTree else { throw .missing(path, advice: .noLiveTree) }
    guard isArchiveOfLiveTree else {
      return try TreeFolder(path: path, limit: Self.treeLimit).root()
    }
    let archive = try readFile(path, limit: Self.archiveLimit)
    var reader = TreeArchive(path, limit: Self.treeLimit)
    return try reader.readRoot(of: archive.span)
  }

  /// ``flatTree()``, opened.
  func bootTree() throws(MachineError) -> DeviceTree {
    let blob = try flatTree()
    do throws(DeviceTreeError) {
      return try DeviceTree(blob: blob)
    } catch {
      throw .malformedTree(flatTreePath, error)
    }
  }

  /// Where ``liveTree()`` comes from: the first of these that exists, else `proc/device-tree`.
  ///
  /// - `proc/device-tree`: on this machine a link; in a capture a folder, because a link might lead to
  ///   the tree of this machine.
  /// - `sys/firmware/devicetree/base`, the target of that link.
  /// - `proc-device-tree.tar`: an archive of that folder.
  public var liveTreePath: FilePath { existingLiveTree ?? path("proc/device-tree") }

  /// Whether there is a live tree, readable or not.
  package var hasLiveTree: Bool { existingLiveTree != nil }

  /// Whether the live tree is an archive of a folder.
  var isArchiveOfLiveTree: Bool { existingLiveTree?.extension == "tar" }

  private var existingLiveTree: FilePath? {
    let candidates = [
      (path("proc/device-tree"), S_IFDIR), (path("sys/firmware/devicetree/base"), S_IFDIR),
      (path("proc-device-tree.tar"), S_IFREG),
    ]
    return candidates.first { path, kind in
      FileStatus(path.string, followingLinks: isLive)?.kind == kind
    }?.0
  }
}
