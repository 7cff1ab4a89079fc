// SPDX-License-Identifier: Apache-2.0

/// What a segment of a plan is for; later versions may know more.
public enum SegmentKind: Hashable, Sendable {
  /// The kernel: the number of its segment, from 0.
  case kernel(Int)
  /// The device tree.
  case tree
  /// The command line, where it is a segment of its own: LoongArch.
  case commandLine
  /// The code that gives the kernel its tree.
  case trampoline
  /// Something that is handed over.
  case input(KexecInput)
  /// Bytes of the caller's own: their number, from 0.
  case extra(Int)

  /// The initrds, one after the other.
  public static let initrd = SegmentKind.input(.initrd)
  /// The core header.
  public static let coreHeader = SegmentKind.input(.coreHeader)
  /// Room for a copy of the memory that a crash kernel itself runs in: ppc64.
  public static let backup = SegmentKind.input(.backup)
  /// IMA's buffer.
  public static let imaBuffer = SegmentKind.input(.imaBuffer)

  /// The name in a plan's manifest: `kernel` or `kernel-1`, `dtb`, `cmdline`, `trampoline`, the
  /// ``KexecInput/segment`` of an input, `extra` or `extra-1`.
  public var name: String {
    switch self {
    case .kernel(0): "kernel"
    case .kernel(let number): "kernel-\(number)"
    case .tree: "dtb"
    case .commandLine: "cmdline"
    case .trampoline: "trampoline"
    case .input(let input): input.segment ?? ""
    case .extra(0): "extra"
    case .extra(let number): "extra-\(number)"
    }
  }

  /// The kind of a name; nil for a name that no segment has.
  package init?(name: String) {
    let inputs = KexecInput.all.filter { $0.segment != nil }.map(SegmentKind.input)
    let number = name.split(separator: "-", maxSplits: 1).dropFirst().first.flatMap { Int($0) } ?? 0
    let numbered = number < 0 ? [] : [SegmentKind.kernel(number), .extra(number)]
    let all = inputs + [.tree, .commandLine, .trampoline] + numbered
    guard let kind = all.first(where: { $0.name == name }) else { return nil }
    self = kind
  }
}

extension SegmentKind: CustomStringConvertible {
  /// What messages call it.
  public var description: String {
    switch self {
    case .kernel(0): "kernel"
    case .kernel(let number): "kernel (segment \(number))"
    case .tree: "device tree"
    case .commandLine: "command line"
    case .trampoline: "trampoline"
    case .input(let input): input.name
    case .extra(0): "extra"
    case .extra(let number): "extra (number \(number))"
    }
  }
}
