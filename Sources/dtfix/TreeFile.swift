// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import RunningKernel
import SystemPackage

/// A tree and the name that messages call it by.
struct TreeFile {
  let name: String
  let tree: DeviceTree
  /// How a live tree was put together; nil for a blob.
  let live: LiveTree?
  /// Why the machine's live tree was taken, or its flat one where that may surprise.
  let reason: String?

  /// Opens a blob, a live tree's folder or an archive of one; standard input for `-`.
  init(_ path: String) throws(Failure) {
    let status = FileStatus(input: path)
    if path != "-", status?.isFolder == true {
      try self.init(folder: path)
    } else if status?.isRegular == true, (status?.size ?? 0) > RunningKernel.treeLimit {
      // Only an archive is as large as that; it is not copied.
      let file = try MappedFile(path)
      self = try file.withBytes { (bytes) throws(Failure) in
        LiveTree.isArchive(bytes)
          ? try TreeFile(archive: bytes, named: file.name)
          : try TreeFile(InputFile(file.name, copying: bytes))
      }
    } else {
      try self.init(InputFile(path))
    }
  }

  /// Opens a tree that has been read.
  init(_ input: InputFile) throws(Failure) {
    guard !LiveTree.isArchive(input.bytes.span) else {
      try self.init(archive: input.bytes.span, named: input.name)
      return
    }
    do throws(DeviceTreeError) {
      self.init(blob: try DeviceTree(blob: input.bytes), named: input.name)
    } catch {
      throw Failure(error, in: input.name)
    }
  }

  private init(folder path: String) throws(Failure) {
    do throws(MachineError) {
      self.init(try LiveTree(folder: FilePath(path)), because: nil)
    } catch {
      throw Failure(error)
    }
  }

  /// Reads an archive of a live tree's folder.
  init(archive bytes: Span<UInt8>, named name: String) throws(Failure) {
    do throws(MachineError) {
      self.init(try LiveTree(archive: bytes, named: FilePath(name)), because: nil)
    } catch {
      throw Failure(error)
    }
  }

  /// Takes a live tree, and why it was taken.
  init(_ live: LiveTree, because reason: String?) {
    name = live.path.string
    tree = live.tree
    self.live = live
    self.reason = reason
  }

  /// Takes a blob that was opened.
  init(blob: DeviceTree, named name: String) {
    self.name = name
    tree = blob
    live = nil
    reason = nil
  }
}
