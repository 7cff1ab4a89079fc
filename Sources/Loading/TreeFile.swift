// SPDX-License-Identifier: Apache-2.0

public import DeviceTree
public import Kexec
import RunningKernel
import SystemPackage

/// A tree, and its name in messages.
public struct TreeFile: Hashable, Sendable {
  /// Its name in messages: a path.
  public let name: String
  /// The tree.
  public let tree: DeviceTree
  /// The live tree it was made from; nil for a blob.
  public let live: LiveTree?
  /// The reason to use the machine's live tree; nil for a blob, and for a given tree.
  public let reason: String?

  /// A live tree, and the reason to use it.
  public init(_ live: LiveTree, because reason: String? = nil) {
    name = live.path
    tree = live.tree
    self.live = live
    self.reason = reason
  }

  /// A blob.
  public init(blob: DeviceTree, named name: String) {
    (self.name, tree, live, reason) = (name, blob, nil, nil)
  }

  /// Reads a blob, or a tar archive of a live tree's folder.
  ///
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
  /// - Throws: `KexecError` for an archive that is damaged, or not of a live tree.
  public init(archive bytes: Span<UInt8>, named name: String) throws(KexecError) {
    do throws(MachineError) {
      self.init(try LiveTree(archive: bytes, named: FilePath(name)), because: nil)
    } catch {
      throw KexecError(error)
    }
  }
}

extension TreeFile {
  /// Whether the running kernel has written its own state into the tree: also in a blob of powerpc, which may be
  /// a copy of the live tree.
  public var hasLiveState: Bool {
    live != nil || Architecture(describedBy: tree)?.prefersLiveTree == true
  }

  /// What the tree lacks; always printed.
  public var warnings: [Finding] {
    guard let live, live.boot == nil else { return [] }
    let reason = live.bootError.map { String("\($0)".prefix { $0 != "\n" }) }
    let warning = Finding.lostReservations(of: tree, because: reason ?? "\(name) is all there is")
    return [warning].compactMap(\.self)
  }

  /// How a live tree was put together, line by line; empty for a blob.
  public var notes: [String] {
    guard let live else { return [] }
    let why = reason.map { ", as \($0)" } ?? ""
    let (nodes, properties) = counts
    return [
      "read \(name): the live tree, \(nodes) nodes and \(properties) properties\(why)",
      live.boot != nil
        ? "order, reservations and boot CPU are those of the blob at boot"
        : "nodes are sorted by name and unit address: CPUs may be renumbered",
    ] + live.restoredNames.map { "\($0) has its original name again" }
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

extension KexecError {
  /// A file that is not a device tree.
  public init(_ error: DeviceTreeError, in file: String) {
    self.init(.malformedInput, "\(file): \(error)")
  }
}

/// One of the trees of a machine.
public enum TreeOrigin: String, CaseIterable, Hashable, Sendable {
  /// The blob that the kernel was booted with, `/sys/firmware/fdt`.
  case flat
  /// The tree that the kernel uses now, `/proc/device-tree`.
  case live
}
