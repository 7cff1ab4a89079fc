// SPDX-License-Identifier: Apache-2.0

package import DeviceTree
import Glibc
package import SystemPackage

/// A live tree as files: a folder is a node, a regular file is a property, and all else, links above
/// all, is passed over. As `drivers/of/kobj.c:__of_attach_node_sysfs` makes it.
///
/// Every file is opened by its name in an open folder, so no path is too long, and is read to its end:
/// `security-*` claims to have no bytes.
package struct TreeFolder {
  let path: FilePath
  /// The most bytes of values and names together.
  let limit: Int

  package init(path: FilePath, limit: Int) {
    self.path = path
    self.limit = limit
  }

  /// What is left out of a tree where one that is not whole is better than none: a property that may
  /// not be read, a name that no blob can hold.
  struct LeftOut: Hashable {
    /// Its path in the tree.
    let path: String
    let reason: MachineError
  }

  /// Why a tree was not read.
  enum Failure: Error {
    /// A file went away, or another one took its name.
    case changed
    case machine(MachineError)
  }

  /// Reads the tree as it was at one moment.
  ///
  /// Behind the last property, all folders are listed again. A kernel never writes to a property that
  /// is there: it makes a new file, whose number no other had before (`kobj.c:
  /// __of_update_property_sysfs`, `fs/kernfs/dir.c:__kernfs_new_node`). So when the same files are
  /// there again, nothing has changed between the two, and what was read is one tree.
  ///
  /// - Parameters:
  ///   - attempts: how often a tree that changes meanwhile is read.
  ///   - afterReading: called before the folders are listed again, with the number of the attempt.
  package func root(
    attempts: Int = 8, afterReading: (Int) -> Void = { _ in }
  ) throws(MachineError) -> Node {
    try read(attempts, leavesOut: false, afterReading).root
  }

  /// As much of the tree as can be read, as it was at one moment, and what could not.
  func rootAndLeftOut() throws(MachineError) -> (root: Node, leftOut: [LeftOut]) {
    try read(8, leavesOut: true) { _ in }
  }

  private func read(
    _ attempts: Int, leavesOut: Bool, _ afterReading: (Int) -> Void
  ) throws(MachineError) -> (root: Node, leftOut: [LeftOut]) {
    for attempt in 1...attempts {
      do throws(Failure) {
        var walk = TreeWalk(self, readsFiles: true, leavesOut: leavesOut)
        let root = try walk.root()
        afterReading(attempt)
        if try walk.listing.finalize() == listOnce(leavesOut) { return (root, walk.leftOut) }
      } catch {
        if case .machine(let error) = error { throw error }
      }
      // Whoever plugs in memory changes the tree again and again.
      usleep(UInt32(attempt) * 10_000)
    }
    throw .unsteady(path, attempts: attempts)
  }

  private func listOnce(_ leavesOut: Bool) throws(Failure) -> Int {
    var walk = TreeWalk(self, readsFiles: false, leavesOut: leavesOut)
    _ = try walk.root()
    return walk.listing.finalize()
  }
}
