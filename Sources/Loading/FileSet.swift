// SPDX-License-Identifier: Apache-2.0

public import Kexec
public import SystemPackage

/// The files that a kexec is made of, each with what it is for: what `kexec_file_load(2)` has no way to say,
/// and what was proposed for it in July 2016 and not merged.
///
/// Every file is read once, when it is added, and never opened again: what is checked is what is loaded.
/// Nothing is made of a set before all of it has been read and checked.
public struct FileSet: Sendable {
  /// What a file is for.
  public enum Kind: Hashable, Sendable {
    /// The kernel, of any format of `KernelFile`: one, which must be there.
    case kernel
    /// The tree to start from, in place of the machine's: a blob or an archive of a live tree.
    case tree
    /// An overlay for the tree; several are applied in order.
    case overlay
    /// The command line, in place of any other.
    case commandLine
    /// Something that a plan hands over: initrds are loaded as one, in order; a core header takes the place of
    /// the one that is made; what IMA measured is a list, or a finished buffer.
    case input(KexecInput)
    /// Bytes that are put into memory, and named in `/chosen` by the name of the item.
    case extra

    /// Initrds.
    public static let initrd = Kind.input(.initrd)
  }

  /// A file that was read.
  public struct Item: Hashable, Sendable {
    /// What it is for.
    public let kind: Kind
    /// What messages call it: a path; of an extra, the property that says where it is.
    public let name: String
    /// Its bytes.
    public let bytes: [UInt8]
  }

  /// The most bytes that are read of a file: 1 GiB, more than any kernel or initrd has.
  public static let sizeLimit = 1 << 30

  /// All items, in the order in which they were added.
  public private(set) var items: [Item] = []

  /// An empty set.
  public init() {}

  /// Adds a file whose bytes are known.
  ///
  /// - Parameters:
  ///   - kind: what it is for.
  ///   - bytes: the file. Of a command line, a newline at the end is no part of it.
  ///   - name: what messages call it; of an extra, the property that says where it is.
  /// - Throws: `KexecError` for a second file of a kind of which there is one, for an empty file, for a
  ///   command line with a NUL, and for an extra without a name or with that of another. The set is as it was.
  public mutating func add(
    _ kind: Kind, _ bytes: [UInt8], named name: String
  ) throws(KexecError) {
    try checkRoom(for: kind, name)
    var bytes = bytes
    if kind == .commandLine, bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    try Self.check(bytes, kind, name)
    items.append(Item(kind: kind, name: name, bytes: bytes))
  }

  /// Adds a file that is open; it is read here, and neither closed nor looked at again.
  ///
  /// A regular file is read from its beginning, wherever it stands, and stands there still; anything else,
  /// a pipe above all, from where it stands to its end, however long that takes.
  ///
  /// - Parameters:
  ///   - kind: what it is for.
  ///   - file: the open file.
  ///   - name: what messages call it; of an extra, the property that says where it is.
  /// - Throws: `KexecError` as for bytes; for what cannot be read: a folder, a socket, a file that is
  ///   closed or open for writing only; for more than ``sizeLimit`` bytes, and for a file that changed
  ///   meanwhile. The set is as it was.
  public mutating func add(
    _ kind: Kind, _ file: FileDescriptor, named name: String
  ) throws(KexecError) {
    try checkRoom(for: kind, name)
    try add(kind, Self.contents(of: file, named: name), named: name)
  }

  /// Reads a file that is open, as those of a set are read.
  ///
  /// - Parameters:
  ///   - file: the open file.
  ///   - name: what messages call it.
  /// - Throws: `KexecError` for what cannot be read, or is too large.
  public static func contents(
    of file: FileDescriptor, named name: String
  ) throws(KexecError) -> [UInt8] {
    try file.contents(named: name, limit: sizeLimit)
  }

  /// The one file of a kind; nil for none.
  func item(_ kind: Kind) -> Item? { items.first { $0.kind == kind } }

  /// All files of a kind, in order.
  func items(_ kind: Kind) -> [Item] { items.filter { $0.kind == kind } }

  private func checkRoom(for kind: Kind, _ name: String) throws(KexecError) {
    switch kind {
    case .initrd, .overlay: return
    case .extra:
      guard !name.isEmpty else {
        throw KexecError(.usage, "an extra part has the name of a property, not none")
      }
      guard !items(.extra).contains(where: { $0.name == name }) else {
        throw KexecError(.usage, "\(name): two extra parts of this name")
      }
    default:
      guard let other = item(kind) else { return }
      throw KexecError(
        .usage, "\(name): a second \(kind), besides \(other.name): there can be one only")
    }
  }

  private static func check(
    _ bytes: [UInt8], _ kind: Kind, _ name: String
  ) throws(KexecError) {
    guard bytes.count <= sizeLimit else { throw .tooLarge(name, limit: sizeLimit) }
    guard kind == .commandLine else {
      guard !bytes.isEmpty else {
        throw KexecError(.malformedInput, "\(name): an empty \(kind)")
      }
      return
    }
    guard !bytes.contains(0) else {
      throw KexecError(
        .usage, "\(name): the command line has a NUL byte; the kernel would end it there")
    }
  }
}

extension FileSet.Kind {
  /// All of them.
  private static let all: [FileSet.Kind] =
    [.kernel, .tree, .overlay, .commandLine, .extra]
    + KexecInput.all.filter { $0.planOption != nil }.map(FileSet.Kind.input)

  /// The number in `dtfix.h`, which stays.
  private var number: UInt32 {
    switch self {
    case .kernel: 1
    case .tree: 3
    case .overlay: 4
    case .commandLine: 5
    case .input(let input): input.number
    case .extra: KexecInput.extra("").number
    }
  }

  /// The kind of a number in `dtfix.h`.
  ///
  /// - Throws: `KexecError` for a number that means nothing.
  package init(number: UInt32) throws(KexecError) {
    guard let kind = Self.all.first(where: { $0.number == number }) else {
      throw KexecError(
        .usage, "a file of kind \(number): there are kinds 1 to \(Self.all.count)")
    }
    self = kind
  }
}

extension FileSet.Kind: CustomStringConvertible {
  /// What messages call it.
  public var description: String {
    switch self {
    case .kernel: "kernel"
    case .tree: "tree"
    case .overlay: "overlay"
    case .commandLine: "command line"
    case .input(let input): input.name
    case .extra: "extra part"
    }
  }
}
