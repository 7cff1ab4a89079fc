// SPDX-License-Identifier: Apache-2.0

/// Where to look up why something is done, or refused; later versions may know more places.
public enum Rule: Hashable, Sendable {
  /// A function, or a constant, in a file of Linux: what a running kernel does for the next one, or
  /// how the next one reads.
  case linux(_ file: String, _ name: String)
  /// A function of libfdt.
  case libfdt(_ function: String)
  /// A section of the Devicetree Specification v0.4: `3.4`.
  case specification(_ section: String)
  /// Nothing but the caller's wish.
  case caller
}

extension Rule: CustomStringConvertible {
  /// `drivers/of/kexec.c:of_kexec_alloc_and_setup_fdt`, `libfdt:fdt_check_full`,
  /// `Devicetree Specification v0.4:3.4` or `the caller`.
  public var description: String {
    switch self {
    case .linux(let file, let name): "\(file):\(name)"
    case .libfdt(let function): "libfdt:\(function)"
    case .specification(let section): "Devicetree Specification v0.4:\(section)"
    case .caller: "the caller"
    }
  }

  /// The same for a line of text that ends with it: without folders, in brackets; nothing for the
  /// caller's wish, which the line says itself.
  package var note: String {
    switch self {
    case .linux(let file, let name): " [\(file.split(separator: "/").last ?? ""):\(name)]"
    case .libfdt, .specification: " [\(self)]"
    case .caller: ""
    }
  }
}
