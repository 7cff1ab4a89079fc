// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Glibc
public import Kexec
public import SystemPackage

extension LiveTree {
  /// Makes a tree of files that were read.
  init(
    _ root: Node, at path: FilePath, boot: Fact<DeviceTree?>?
  ) throws(MachineError) {
    var root = root
    guard !root.properties.isEmpty || !root.children.isEmpty else { throw .emptyTree(path) }
    let restoredNames = root.takeBackExport().sorted()
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

  /// Reads a folder such as `/proc/device-tree`, of which nothing else is known.
  ///
  /// - Throws: what ``RunningKernel/liveTree()`` throws.
  public init(folder path: FilePath) throws(MachineError) {
    try self.init(Self.root(folder: path), at: path, boot: nil)
  }

  /// Reads a tar archive of such a folder: as POSIX defines it (ustar, pax) or GNU tar writes it.
  ///
  /// - Parameters:
  ///   - archive: its bytes.
  ///   - path: what errors call it.
  /// - Throws: ``MachineError/malformed(_:_:)`` for an archive that is damaged, was cut short, or has
  ///   hard links or files with holes in it; and what ``RunningKernel/liveTree()`` throws.
  public init(archive: Span<UInt8>, named path: FilePath) throws(MachineError) {
    try self.init(Self.root(archive: archive, named: path), at: path, boot: nil)
  }

  /// Whether a file is such an archive, by its first 512 bytes.
  public static func isArchive(_ file: Span<UInt8>) -> Bool { TarReader.isArchive(file) }

  fileprivate static func root(folder path: FilePath) throws(MachineError) -> Node {
    try TreeFolder(path: path, limit: RunningKernel.treeLimit).root()
  }

  fileprivate static func root(
    archive: Span<UInt8>, named path: FilePath
  ) throws(MachineError) -> Node {
    do throws(TreeArchive.Failure) {
      return try TreeArchive.root(of: archive, limit: RunningKernel.treeLimit)
    } catch {
      switch error {
      case .format(let error): throw .malformed(path, error)
      case .tree(let error): throw .malformedTree(path, error)
      case .tooLarge: throw .tooLarge(path, limit: RunningKernel.treeLimit)
      }
    }
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
    try liveTree(orderedLike: snapshot(of: .flatTree).$flatTree)
  }

  /// The same, for those who have tried ``flatTree()`` already.
  func liveTree(orderedLike boot: Fact<DeviceTree?>) throws(MachineError) -> LiveTree {
    let path = liveTreePath
    return try LiveTree(liveRoot(path), at: path, boot: boot)
  }

  /// As much of the live tree as can be read, with the names of its files, and what could not.
  func liveRootAndLeftOut() throws(MachineError) -> (root: Node, leftOut: [TreeFolder.LeftOut]) {
    let path = liveTreePath
    guard !isArchiveOfLiveTree else { return (try liveRoot(path), []) }
    return try TreeFolder(path: path, limit: Self.treeLimit).rootAndLeftOut()
  }

  private func liveRoot(_ path: FilePath) throws(MachineError) -> Node {
    guard hasLiveTree else { throw .missing(path, advice: .noLiveTree) }
    guard isArchiveOfLiveTree else { return try LiveTree.root(folder: path) }
    let archive = try readFile(path, limit: Self.archiveLimit)
    return try LiveTree.root(archive: archive.span, named: path)
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

  /// Where ``liveTree()`` comes from: `proc/device-tree`, or the first of these that is there.
  ///
  /// - `proc/device-tree`: on this machine a link; in a capture a folder, as a link might lead out of
  ///   it to the tree of this machine.
  /// - `sys/firmware/devicetree/base`, what it leads to.
  /// - `proc-device-tree.tar`: an archive of that folder.
  public var liveTreePath: FilePath { livePlace ?? path("proc/device-tree") }

  /// Whether there is a live tree, readable or not.
  package var hasLiveTree: Bool { livePlace != nil }

  /// Whether it is not a folder, but an archive of one.
  var isArchiveOfLiveTree: Bool { livePlace?.extension == "tar" }

  private var livePlace: FilePath? {
    let candidates = [
      (path("proc/device-tree"), S_IFDIR), (path("sys/firmware/devicetree/base"), S_IFDIR),
      (path("proc-device-tree.tar"), S_IFREG),
    ]
    return candidates.first { place, kind in
      var status = stat()
      let flags = isLive ? 0 : AT_SYMLINK_NOFOLLOW
      let result = unsafe place.withPlatformString { unsafe fstatat(AT_FDCWD, $0, &status, flags) }
      return result == 0 && status.st_mode & S_IFMT == kind
    }?.0
  }
}
