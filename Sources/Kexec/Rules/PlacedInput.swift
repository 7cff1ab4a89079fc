// SPDX-License-Identifier: Apache-2.0

public import PhysicalMemory

/// Something that is handed over, and its memory to its exact size.
struct PlacedInput {
  let input: KexecInput
  let range: PhysicalRange

  init(_ input: KexecInput, _ range: PhysicalRange) {
    (self.input, self.range) = (input, range)
  }

  var property: String { input.property }
  /// The memory, as messages call it; that of secrets is not shown.
  var place: String { input.isSecret ? "its memory" : "\(range)" }
}

/// Bytes of the caller's own that lie in memory and that the next kernel, or a module of it, finds by a
/// property of `/chosen`: address and size, in root cells. The memory is reserved.
public struct ExtraBuffer: Hashable, Sendable {
  /// The property of `/chosen`.
  public var name: String
  /// Where the bytes are, to their exact size.
  public var range: PhysicalRange

  /// Bytes that a property tells of.
  public init(name: String, range: PhysicalRange) {
    self.name = name
    self.range = range
  }
}

/// What KHO, the kexec hand-over of a live update, tells the next kernel: always both
/// (`drivers/of/kexec.c:kho_add_chosen`).
///
/// Only the running kernel knows the addresses, and which memory the scratch areas are that everything
/// else has to be loaded to: this is for those who have them from it.
public struct LiveUpdateHandover: Hashable, Sendable {
  /// The tree of what is preserved: one page.
  public var tree: PhysicalRange
  /// The list of scratch areas: 16 bytes each, address and size.
  public var scratch: PhysicalRange

  /// Both addresses.
  public init(tree: PhysicalRange, scratch: PhysicalRange) {
    self.tree = tree
    self.scratch = scratch
  }
}
