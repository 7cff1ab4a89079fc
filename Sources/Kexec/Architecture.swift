// SPDX-License-Identifier: Apache-2.0

public import DeviceTree

/// What the kernels of one architecture want from the tree they are started with.
///
/// An architecture is a value; a new one is a new file beside `Architecture+ARM64.swift` and a line
/// in ``all``.
public struct Architecture: Sendable {
  /// The name `uname -m` gives on little-endian machines.
  public let name: String
  /// Other names that people use for it.
  public let aliases: [String]
  /// `COMMAND_LINE_SIZE`: bytes of the command line with its NUL; the kernel cuts longer ones.
  public let commandLineSize: Int
  /// The largest tree in bytes that the kernel maps, and where it says so; nil where nothing but
  /// memory limits it.
  public let treeSizeLimit: (bytes: Int, rule: String)?
  /// Why this package cannot make a tree for the next kernel here; nil when it can.
  public let refusal: String?
  /// Whether a tree describes such a machine.
  let recognizes: @Sendable (DeviceTree) -> Bool

  init(
    _ name: String, aliases: [String] = [], commandLineSize: Int,
    treeSizeLimit: (bytes: Int, rule: String)? = nil,
    refusal: String? = nil, recognizes: @escaping @Sendable (DeviceTree) -> Bool
  ) {
    self.name = name
    self.aliases = aliases
    self.commandLineSize = commandLineSize
    self.treeSizeLimit = treeSizeLimit
    self.refusal = refusal
    self.recognizes = recognizes
  }

  /// Every architecture there is.
  public static let all: [Architecture] = [.arm64, .riscv64, .arm, .ppc64, .loongarch64]

  /// The architecture of this name, or of `uname -m`'s; nil for an unknown one.
  public init?(named name: String) {
    guard let found = Self.all.first(where: { $0.name == name || $0.aliases.contains(name) })
    else { return nil }
    self = found
  }

  /// The architecture of the machine that a tree describes; nil when its CPU nodes do not tell,
  /// or when it has none, as on machines booted with ACPI.
  public init?(describedBy tree: DeviceTree) {
    guard let found = Self.all.first(where: { $0.recognizes(tree) }) else { return nil }
    self = found
  }
}

extension Architecture: CustomStringConvertible {
  /// The name.
  public var description: String { name }
}

extension DeviceTree {
  /// The strings of `compatible` of all CPU nodes.
  ///
  /// CPU nodes: children of `/cpus` with `device_type = "cpu"`, Devicetree Specification v0.4,
  /// section 3.8; arm trees may leave the type out, so the name counts too.
  func compatibleStringsOfCPUs() -> [String] {
    cpuNodes().flatMap { node in
      (try? property("compatible", of: node))?.strings ?? []
    }
  }

  /// The paths of the first CPU nodes: all CPUs of a machine are of one architecture.
  func cpuNodes() -> [String] {
    let children = (try? children(of: "/cpus")) ?? []
    return children.prefix(64).map { "/cpus/" + $0 }.filter { node in
      (try? property("device_type", of: node))?.string == "cpu" || node.hasPrefix("/cpus/cpu@")
    }
  }
}
