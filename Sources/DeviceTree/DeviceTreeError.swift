// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
internal import CLibFDT

/// What is wrong with a device tree, or with a request for it, and where.
public struct DeviceTreeError: Error, Hashable, Sendable {
  /// The kind of error.
  public var code: Code
  /// The path of the node.
  public var node: String?
  /// The property of that node.
  public var property: String?
  /// The place in the blob: bytes from its start.
  public var offset: Int?
  /// The value found there.
  public var value: UInt64?

  /// An error at a node, a property of it, or an offset in the blob.
  public init(
    _ code: Code, node: String? = nil, property: String? = nil, offset: Int? = nil,
    value: UInt64? = nil
  ) {
    self.code = code
    self.node = node
    self.property = property
    self.offset = offset
    self.value = value
  }

  /// libfdt's error number, or one of ours from 1000 on.
  public struct Code: RawRepresentable, Hashable, Sendable {
    /// The number: positive; libfdt returns it negated.
    public let rawValue: Int32

    /// A code by its number.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// The node or property does not exist: `FDT_ERR_NOTFOUND`.
    public static let notFound = Code(rawValue: FDT_ERR_NOTFOUND)
    /// The node exists already: `FDT_ERR_EXISTS`.
    public static let exists = Code(rawValue: FDT_ERR_EXISTS)
    /// The blob would outgrow 2 GiB, libfdt's limit: `FDT_ERR_NOSPACE`.
    public static let noSpace = Code(rawValue: FDT_ERR_NOSPACE)
    /// The path does not start with `/` or with an alias: `FDT_ERR_BADPATH`.
    public static let badPath = Code(rawValue: FDT_ERR_BADPATH)
    /// An overlay's `target` is 0xffffffff or not 4 bytes long: `FDT_ERR_BADPHANDLE`.
    public static let badPhandle = Code(rawValue: FDT_ERR_BADPHANDLE)
    /// The file ends before the tree does: `FDT_ERR_TRUNCATED`.
    public static let truncated = Code(rawValue: FDT_ERR_TRUNCATED)
    /// The file does not begin with the magic number: `FDT_ERR_BADMAGIC`.
    public static let badMagic = Code(rawValue: FDT_ERR_BADMAGIC)
    /// The format version is too old or too new: `FDT_ERR_BADVERSION`.
    public static let badVersion = Code(rawValue: FDT_ERR_BADVERSION)
    /// The structure block breaks the rules of the format: `FDT_ERR_BADSTRUCTURE`.
    public static let badStructure = Code(rawValue: FDT_ERR_BADSTRUCTURE)
    /// The blocks overlap, are misaligned or lie outside the blob: `FDT_ERR_BADLAYOUT`.
    public static let badLayout = Code(rawValue: FDT_ERR_BADLAYOUT)
    /// A `#address-cells` or `#size-cells` is missing or not usable: `FDT_ERR_BADNCELLS`.
    public static let badCells = Code(rawValue: FDT_ERR_BADNCELLS)
    /// The value has another length or form than this property must have: `FDT_ERR_BADVALUE`.
    public static let badValue = Code(rawValue: FDT_ERR_BADVALUE)
    /// The overlay does not fit the tree: `FDT_ERR_BADOVERLAY`.
    public static let badOverlay = Code(rawValue: FDT_ERR_BADOVERLAY)

    /// Nodes are nested deeper than the 63 levels, the root's included, that Linux reads: it skips
    /// those at depth `FDT_MAX_DEPTH - 1`, counted from 0 (`drivers/of/fdt.c:unflatten_dt_nodes`).
    public static let tooDeep = Code(rawValue: 1000)
    /// A name is empty, longer than 255 bytes, or has a byte that is not printable ASCII.
    public static let badName = Code(rawValue: 1001)
    /// A property follows a subnode of its node; libfdt and Linux do not find it.
    public static let lateProperty = Code(rawValue: 1002)
    /// The structure block uses a tag that the format does not have.
    public static let badTag = Code(rawValue: 1003)
    /// A reservation of size 0, which ends the list for readers.
    public static let emptyReservation = Code(rawValue: 1004)
    /// An address and a size whose sum passes 64 bits.
    public static let wrappingRange = Code(rawValue: 1005)
    /// The tree in `edit(child:_:)` was replaced by another tree.
    public static let staleExcerpt = Code(rawValue: 1006)
    /// The root cannot be deleted.
    public static let isRoot = Code(rawValue: 1007)
    /// The body of `DeviceTree.edit(child:_:)` gave the root a second child.
    public static let secondChild = Code(rawValue: 1008)
  }
}

extension DeviceTreeError: CustomStringConvertible {
  /// One line: the place, the value found, and the rule with its libfdt name.
  public var description: String {
    let words = [
      offset.map { "offset \(hex($0))" }, node, property.map { "property '\($0)'" },
      value.map { hex($0) }, code.description,
    ]
    return words.compactMap { $0 }.joined(separator: ": ")
  }
}

extension DeviceTreeError.Code: CustomStringConvertible {
  /// The rule that was broken, and libfdt's name for that.
  public var description: String {
    switch self {
    case .notFound: "no such node or property (FDT_ERR_NOTFOUND)"
    case .exists: "a node of this name exists already (FDT_ERR_EXISTS)"
    case .noSpace: "the tree would outgrow 2 GiB (FDT_ERR_NOSPACE)"
    case .badPath: "a path starts with / or with an alias (FDT_ERR_BADPATH)"
    case .badPhandle: "an overlay's target is 4 bytes, and not 0xffffffff (FDT_ERR_BADPHANDLE)"
    case .truncated: "the file ends before the tree does (FDT_ERR_TRUNCATED)"
    case .badMagic: "a device tree blob starts with 0xd00dfeed (FDT_ERR_BADMAGIC)"
    case .badVersion: "only format versions 16 and 17 are read (FDT_ERR_BADVERSION)"
    case .badStructure: "the structure block is not well formed (FDT_ERR_BADSTRUCTURE)"
    case .badLayout: "the blob's blocks overlap, are misaligned or outside it (FDT_ERR_BADLAYOUT)"
    case .badCells: "#address-cells and #size-cells must exist, each 1 or 2 (FDT_ERR_BADNCELLS)"
    case .badValue: "the value does not have the length or form of this property (FDT_ERR_BADVALUE)"
    case .badOverlay: "not an overlay, or not for this tree (FDT_ERR_BADOVERLAY)"
    case .tooDeep: "nodes are nested deeper than the 63 levels that Linux reads"
    case .badName: "a name is 1 to 255 printable ASCII characters, a node's without '/'"
    case .wrappingRange: "the address and the size together pass the end of 64 bits"
    case .secondChild: "only one child of the root can be edited at once"
    case .isRoot: "the root cannot be deleted"
    case .staleExcerpt: "the excerpt is not of this tree as it is now"
    case .lateProperty: "a property after a subnode, where readers do not find it"
    case .badTag: "not a tag of the structure block"
    case .emptyReservation: "a reservation of size 0 would end the list and hide all later ones"
    default: "libfdt error \(rawValue)"
    }
  }
}
