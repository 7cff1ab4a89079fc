// SPDX-License-Identifier: Apache-2.0

import Files
import Glibc
public import Kexec
public import SystemPackage

/// The files of a kexec, each with its purpose: more than `kexec_file_load(2)` takes, as was proposed for it in
/// July 2016 and not merged.
///
/// Every file is read once, when it is added, so that what is checked is what is loaded. No plan is made before
/// all files have been read and checked.
public struct FileSet: Sendable {
  /// The purpose of a file.
  public enum Kind: Hashable, Sendable {
    /// The kernel, of any format of `KernelFile`; required.
    case kernel
    /// The tree to use instead of the machine's: a blob or an archive of a live tree.
    case tree
    /// An overlay for the tree; several are applied in order.
    case overlay
    /// The command line, which takes precedence over all others.
    case commandLine
    /// An input that a plan hands over: initrds are concatenated in order; an elfcorehdr is used instead of
    /// making one; IMA measurements are a list or a finished buffer.
    case input(KexecInput)
    /// Bytes in reserved memory, whose range is in the property of `/chosen` with the name of the item.
    case extra

    /// An initrd.
    public static let initrd = Kind.input(.initrd)
  }

  /// A file that has been read.
  public struct Item: Hashable, Sendable {
    /// Its purpose.
    public let kind: Kind
    /// Its name in messages: a path; of an extra, its property of `/chosen`.
    public let name: String
    /// Its bytes.
    public let bytes: [UInt8]
  }

  /// The largest file in bytes: 1 GiB.
  public static let sizeLimit = 1 << 30

  /// All items, in the order in which they were added.
  public private(set) var items: [Item] = []

  /// An empty set.
  public init() {}

  /// Adds a file of known bytes; a newline at the end of a command line is removed.
  ///
  /// - Throws: `KexecError` for a second file of a kind that allows one, for an empty file, for a command
  ///   line with a NUL, and for an extra without a name or with the same name as another. The set is unchanged.
  public mutating func add(
    _ kind: Kind, _ bytes: [UInt8], named name: String
  ) throws(KexecError) {
    try checkRoom(for: kind, name)
    var bytes = bytes
    if kind == .commandLine, bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    try Self.check(bytes, kind, name)
    items.append(Item(kind: kind, name: name, bytes: bytes))
  }

  /// Adds an open file, which is read here and stays open.
  ///
  /// A regular file is read from its start, and its offset does not change; anything else, such as a pipe, is
  /// read to its end, however long that takes.
  ///
  /// - Throws: `KexecError` as for bytes; for what cannot be read: a folder, a socket, a file that is
  ///   closed or open for writing only; for more than ``sizeLimit`` bytes, and for a file that changed
  ///   while it was read. The set is unchanged.
  public mutating func add(
    _ kind: Kind, _ file: FileDescriptor, named name: String
  ) throws(KexecError) {
    try checkRoom(for: kind, name)
    try add(kind, Self.contents(of: file, named: name), named: name)
  }

  /// Reads an open file as those of a set are read, called `name` in messages.
  public static func contents(
    of file: FileDescriptor, named name: String
  ) throws(KexecError) -> [UInt8] {
    try file.contents(named: name, limit: sizeLimit)
  }

  /// The one file of a kind; nil for none.
  func item(_ kind: Kind) -> Item? { items.first { $0.kind == kind } }

  /// All files of a kind, in order.
  func items(_ kind: Kind) -> [Item] { items.filter { $0.kind == kind } }

  /// Refuses a second file where there can be one only.
  private func checkRoom(for kind: Kind, _ name: String) throws(KexecError) {
    switch kind {
    case .initrd, .overlay: return
    case .extra:
      guard !name.isEmpty else {
        throw KexecError(.usage, "an extra needs the name of a property")
      }
      guard !items(.extra).contains(where: { $0.name == name }) else {
        throw KexecError(.usage, "\(name): two extras have this name")
      }
    default:
      guard let first = item(kind) else { return }
      throw .second("\(kind)", name, after: first.name)
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
  private static let all: [FileSet.Kind] =
    [.kernel, .tree, .overlay, .commandLine, .extra]
    + KexecInput.all.filter(\.isPlanned).map(FileSet.Kind.input)

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
        .usage, "a file of kind \(number): kinds are 1 to \(Self.all.map(\.number).max() ?? 0)")
    }
    self = kind
  }
}

extension FileSet.Kind: CustomStringConvertible {
  /// Its name in messages.
  public var description: String {
    switch self {
    case .kernel: "kernel"
    case .tree: "tree"
    case .overlay: "overlay"
    case .commandLine: "command line"
    case .input(let input): input.name
    case .extra: "extra"
    }
  }
}

extension FileDescriptor {
  /// All bytes of an open file of at most `limit` bytes: a regular one from its start, others from their offset.
  package func contents(named name: String, limit: Int) throws(KexecError) -> [UInt8] {
    let before = try status(named: name)
    try checkIsReadable(before.kind, named: name)
    let bytes: [UInt8]?
    do throws(Errno) {
      bytes = try OpenFile(self, named: FilePath(name)).readAll(
        limit: limit, fromStart: before.isRegular)
    } catch {
      throw KexecError(.inputOutput, "\(name): \(error)")
    }
    guard let bytes else { throw .tooLarge(name, limit: limit) }
    // A file that is half old and half new is refused.
    let after = try status(named: name)
    guard !before.isRegular || after.version == before.version else {
      throw KexecError(.inputOutput, "\(name): changed while it was read")
    }
    return bytes
  }

  private func checkIsReadable(_ kind: mode_t, named name: String) throws(KexecError) {
    if kind == S_IFDIR { throw KexecError(.missingInput, "\(name): is a folder, not a file") }
    if kind == S_IFSOCK { throw KexecError(.missingInput, "\(name): is a socket, not a file") }
    guard fcntl(rawValue, F_GETFL) & O_ACCMODE != O_WRONLY else {
      throw KexecError(.usage, "\(name): is open for writing only")
    }
  }

  private func status(named name: String) throws(KexecError) -> FileStatus {
    guard let status = FileStatus(self) else {
      throw KexecError(.usage, "\(name): file descriptor \(rawValue) is not open")
    }
    return status
  }
}

extension KexecError {
  /// A file above the limit of its kind, in bytes.
  static func tooLarge(_ name: String, limit: Int) -> KexecError {
    KexecError(.malformedInput, "\(name): more than \(limit >> 20) MiB, which no such file has")
  }
  /// A second file of a kind that allows one.
  static func second(_ kind: String, _ name: String, after first: String) -> KexecError {
    KexecError(.usage, "\(name): a second \(kind) after \(first); only one is allowed")
  }
}
