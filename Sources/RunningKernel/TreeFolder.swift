// SPDX-License-Identifier: Apache-2.0

package import DeviceTree
import Glibc
package import SystemPackage

/// A live tree as files, as `drivers/of/kobj.c:__of_attach_node_sysfs` makes it: a folder is a node, a
/// regular file is a property, and any other file, such as a symbolic link, is skipped.
///
/// Every file is opened by its name in an open folder, so no path is too long, and is read to its end:
/// `security-*` claims a size of 0.
package struct TreeFolder {
  let path: FilePath
  /// The most bytes of values and names together.
  let limit: Int

  package init(path: FilePath, limit: Int) {
    self.path = path
    self.limit = limit
  }

  /// A file that is left out of an incomplete tree: an unreadable property, or a name that no blob can
  /// have.
  struct LeftOut: Hashable {
    /// Its path in the tree.
    let path: String
    let reason: MachineError
  }

  /// Reads the tree as of one moment.
  ///
  /// After the last property, all folders are listed again. A kernel never writes to an existing property:
  /// it makes a new file with a new inode number (`kobj.c:
  /// __of_update_property_sysfs`, `fs/kernfs/dir.c:__kernfs_new_node`). When both listings are the same,
  /// nothing changed between them.
  ///
  /// - Parameters:
  ///   - attempts: how often to read a tree that changes meanwhile.
  ///   - afterReading: called before the folders are listed again, with the number of the attempt.
  package func root(
    attempts: Int = 8, afterReading: (Int) -> Void = { _ in }
  ) throws(MachineError) -> Node {
    try read(attempts, leavesOut: false, afterReading).root
  }

  /// As much of the tree as can be read, as of one moment, and what was left out.
  func rootAndLeftOut() throws(MachineError) -> (root: Node, leftOut: [LeftOut]) {
    try read(8, leavesOut: true) { _ in }
  }

  private func read(
    _ attempts: Int, leavesOut: Bool, _ afterReading: (Int) -> Void
  ) throws(MachineError) -> (root: Node, leftOut: [LeftOut]) {
    for attempt in 1...attempts {
      do throws(MachineError) {
        var walk = TreeWalk(self, readsFiles: true, leavesOut: leavesOut)
        let root = try walk.root()
        afterReading(attempt)
        var again = TreeWalk(self, readsFiles: false, leavesOut: leavesOut)
        _ = try again.root()
        if walk.listing.finalize() == again.listing.finalize() { return (root, walk.leftOut) }
      } catch {
        guard case .unsteady = error else { throw error }
      }
      // Memory hotplug changes the tree again and again.
      usleep(UInt32(attempt) * 10_000)
    }
    throw .unsteady(path, attempts: attempts)
  }
}
