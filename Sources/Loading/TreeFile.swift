// SPDX-License-Identifier: Apache-2.0

public import DeviceTree
public import Kexec
import RunningKernel
import SystemPackage

/// A tree to start from, and the name that messages call it by.
public struct TreeFile: Hashable, Sendable {
  /// What messages call it: a path.
  public let name: String
  /// The tree, as it came.
  public let tree: DeviceTree
  /// How a live tree was put together; nil for a blob.
  public let live: LiveTree?
  /// Why the machine's live tree was taken; nil for a blob, and for a tree that was named.
  public let reason: String?

  /// Takes a live tree, and why it was taken.
  public init(_ live: LiveTree, because reason: String? = nil) {
    name = live.path
    tree = live.tree
    self.live = live
    self.reason = reason
  }

  /// Takes a blob that was opened.
  public init(blob: DeviceTree, named name: String) {
    self.name = name
    tree = blob
    live = nil
    reason = nil
  }

  /// Reads a blob, or a tar archive of a live tree's folder.
  ///
  /// - Parameters:
  ///   - bytes: the file.
  ///   - name: what messages call it.
  /// - Throws: `KexecError` for a file that is neither.
  public init(_ bytes: [UInt8], named name: String) throws(KexecError) {
    guard !LiveTree.isArchive(bytes.span) else {
      try self.init(archive: bytes.span, named: name)
      return
    }
    guard bytes.count <= RunningKernel.treeLimit else {
      throw .tooLarge(name, limit: RunningKernel.treeLimit)
    }
    do throws(DeviceTreeError) {
      self.init(blob: try DeviceTree(blob: bytes), named: name)
    } catch {
      throw KexecError(error, in: name)
    }
  }

  /// Reads a tar archive of a live tree's folder.
  ///
  /// - Parameters:
  ///   - bytes: the archive.
  ///   - name: what messages call it.
  /// - Throws: `KexecError` for an archive that is damaged, or of something else.
  public init(archive bytes: Span<UInt8>, named name: String) throws(KexecError) {
    do throws(MachineError) {
      self.init(try LiveTree(archive: bytes, named: FilePath(name)), because: nil)
    } catch {
      throw KexecError(error)
    }
  }
}

extension TreeFile {
  /// Whether the running kernel has written into the tree for itself: a loader may have copied a live tree of
  /// powerpc, with all that its kernel wrote there.
  public var hasLiveState: Bool {
    live != nil || Architecture(describedBy: tree)?.prefersLiveTree == true
  }

  /// What the tree lacks: printed in any case.
  public var warnings: [Finding] {
    guard let live, live.boot == nil else { return [] }
    let reason = live.bootError.map { String("\($0)".prefix { $0 != "\n" }) }
    let warning = Finding.lostReservations(
      of: tree, because: reason ?? "\(name) is all there is")
    return [warning].compactMap { $0 }
  }

  /// How a live tree was put together, line by line; nothing for a blob.
  public var notes: [String] {
    guard let live else { return [] }
    let why = reason.map { ", as \($0)" } ?? ""
    let (nodes, properties) = counts
    return [
      "read \(name): the live tree, \(nodes) nodes and \(properties) properties\(why)",
      live.boot != nil
        ? "order, reservations and boot CPU are those of the blob at boot"
        : "nodes are sorted by name and unit address: CPUs may be numbered anew",
    ] + live.restoredNames.map { "\($0) has its own name again, which was taken" }
  }

  /// Nodes and properties in it.
  package var counts: (nodes: Int, properties: Int) { tree.root.counts }
}

extension Node {
  /// Nodes and properties from here on.
  fileprivate var counts: (nodes: Int, properties: Int) {
    children.map(\.counts).reduce((1, properties.count)) { ($0.0 + $1.nodes, $0.1 + $1.properties) }
  }
}
