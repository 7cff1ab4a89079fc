// SPDX-License-Identifier: Apache-2.0

/// Where to look up why something is done, or refused; later versions may know more places.
///
/// It is one word, because every error has one: larger errors make Swift 6.2 abort.
public final class Rule: Sendable {
  /// A file of Linux, or another source.
  private let source: String
  /// The function, constant or section in it; empty for none.
  private let name: String

  private init(_ source: String, _ name: String) { (self.source, self.name) = (source, name) }

  /// A function, or a constant, in a file of Linux: what a running kernel does for the next one, or
  /// how the next one reads.
  public static func linux(_ file: String, _ name: String) -> Rule { Rule(file, name) }
  /// A function of libfdt.
  public static func libfdt(_ function: String) -> Rule { Rule("libfdt", function) }
  /// A section of the Devicetree Specification v0.4: `3.4`.
  public static func specification(_ section: String) -> Rule {
    Rule("Devicetree Specification v0.4", section)
  }
  /// Nothing but the caller's wish.
  public static let caller = Rule("the caller", "")
}

extension Rule: Hashable {
  /// Whether both name the same place.
  public static func == (one: Rule, other: Rule) -> Bool {
    one.source == other.source && one.name == other.name
  }
  /// The name is nearly all of it.
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Rule: CustomStringConvertible {
  /// `drivers/of/kexec.c:of_kexec_alloc_and_setup_fdt`, `libfdt:fdt_check_full`,
  /// `Devicetree Specification v0.4:3.4` or `the caller`.
  public var description: String { name.isEmpty ? source : "\(source):\(name)" }

  /// The same at the end of a line of text: without folders, in brackets; empty for the caller's wish,
  /// which the line states itself.
  package var note: String {
    name.isEmpty ? "" : " [\(source.split(separator: "/").last ?? ""):\(name)]"
  }
}
