// SPDX-License-Identifier: Apache-2.0

/// What a segment of a plan is for; later versions may know more.
public enum LoadPart: Hashable, Sendable {
  /// The kernel: the number of its piece, from 0.
  case kernel(Int)
  /// The initrds, one after the other.
  case initrd
  /// The device tree.
  case tree
  /// The command line, where it is a piece of its own: LoongArch.
  case commandLine
  /// The core header.
  case coreHeader
  /// The code that gives the kernel its tree.
  case trampoline
  /// Room for a copy of the memory that a crash kernel itself runs in: ppc64.
  case backup
  /// IMA's list of measurements.
  case measurements
  /// Bytes of the caller's own: their number, from 0.
  case extra(Int)

  /// The name in a plan's manifest: `kernel` or `kernel-1`, `initrd`, `dtb`, `cmdline`, `elfcorehdr`,
  /// `trampoline`, `backup`, `ima`, `extra` or `extra-1`.
  public var name: String {
    switch self {
    case .kernel(0): "kernel"
    case .kernel(let number): "kernel-\(number)"
    case .initrd: "initrd"
    case .tree: "dtb"
    case .commandLine: "cmdline"
    case .coreHeader: "elfcorehdr"
    case .trampoline: "trampoline"
    case .backup: "backup"
    case .measurements: "ima"
    case .extra(0): "extra"
    case .extra(let number): "extra-\(number)"
    }
  }
}

extension LoadPart {
  /// The part of a name; nil for a name that no part has.
  init?(name: String) {
    let others: [LoadPart] = [
      .initrd, .tree, .commandLine, .coreHeader, .trampoline, .backup, .measurements,
    ]
    let number = name.split(separator: "-", maxSplits: 1).dropFirst().first.flatMap { Int($0) } ?? 0
    let candidates = others + (number < 0 ? [] : [.kernel(number), .extra(number)])
    guard let part = candidates.first(where: { $0.name == name }) else { return nil }
    self = part
  }
}

extension LoadPart: CustomStringConvertible {
  /// What people call it.
  public var description: String {
    switch self {
    case .kernel(0): "kernel"
    case .kernel(let number): "kernel (piece \(number))"
    case .initrd: "initrd"
    case .tree: "device tree"
    case .commandLine: "command line"
    case .coreHeader: "core header"
    case .trampoline: "trampoline"
    case .backup: "backup"
    case .measurements: "measurement list"
    case .extra(0): "extra"
    case .extra(let number): "extra (number \(number))"
    }
  }
}
