// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import PhysicalMemory

/// Where the kernels of one architecture put what they load, when they do it themselves
/// (`kexec_file_load`).
struct PlacementRules: Sendable {
  /// Where the kernel goes: always the lowest hole.
  let kernelRule: Rule
  /// What else gets a place, in this order; the kernel has its own already.
  let steps: [Step]
  /// No part may lie at this address or above.
  let addressLimit: Architecture.Limit
  /// The code that starts the kernel with its tree; nil where the running kernel sets the registers.
  let trampoline: Trampoline?

  /// The code at the entry of a plan, from what it has to know.
  typealias Trampoline =
    @Sendable (_ kernel: UInt64, _ tree: UInt64, _ order: ByteOrder) -> [UInt8]

  /// How one part gets its place.
  struct Step: Sendable {
    let part: LoadPart
    /// What its start is a multiple of, at least; a page counts always.
    let alignment: UInt64
    let direction: FreeSpaceSearch.Direction
    /// Where it may be, by the place of the kernel; nil for nowhere.
    let window: @Sendable (_ kernel: PhysicalRange) -> PhysicalRange?
    let rule: Rule

    init(
      _ part: LoadPart, alignment: UInt64 = 4096, _ direction: FreeSpaceSearch.Direction,
      rule: Rule,
      window: @escaping @Sendable (PhysicalRange) -> PhysicalRange? = { $0.above }
    ) {
      self.part = part
      self.alignment = alignment
      self.direction = direction
      self.window = window
      self.rule = rule
    }
  }
}

extension PhysicalRange {
  /// All addresses behind it; nil at the end of the address space.
  var above: PhysicalRange? { PhysicalRange(start: end, end: .max) }
}
