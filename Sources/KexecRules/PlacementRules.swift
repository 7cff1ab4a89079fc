// SPDX-License-Identifier: Apache-2.0

package import DeviceTree
package import KexecFacts
package import PhysicalMemory

/// Where the kernels of one architecture put what they load, when they do it themselves
/// (`kexec_file_load`).
package final class PlacementRules: Sendable {
  /// The most segments that a kernel takes: `KEXEC_SEGMENT_MAX`.
  package static let mostSegments = 16
  /// Bytes of a crash region that stay free for control pages: more than any architecture takes
  /// (`kernel/kexec_core.c:kimage_alloc_crash_control_pages`).
  package static let controlPagesSize: UInt64 = 1 << 20

  /// Where IMA's buffer goes, before everything else, the kernel too; nil where the next
  /// kernel does not look for one. Of the kernel its window is given no more than the size.
  package let imaBuffer: Step?
  /// Where the kernel goes: always the lowest hole.
  package let kernelRule: Rule
  /// What else gets a place, in this order; the kernel has its own already.
  package let steps: [Step]
  /// No segment may lie at this address or above.
  package let addressLimit: Architecture.Limit
  /// The code that starts the kernel with its tree; nil where the running kernel sets the registers.
  package let trampoline: Trampoline?
  /// Whether what is started has the header of an Image, rather than segments of an ELF file, which have
  /// none.
  package let startsOnlyImages: Bool
  /// Whether a kernel is started at its first byte, whatever its file says.
  package let startsAtFirstByte: Bool
  /// Memory that is never overwritten, for some by the running kernel's tree, and the rule; nil for none.
  private let firmware: (rule: Rule, memory: @Sendable (DeviceTree) -> [NoRoom.Occupant])?
  /// The address that the first code of the next kernel cannot pass, by the running kernel's tree; nil
  /// where it reaches all memory.
  package let rmaLimit: @Sendable (DeviceTree, MachineSnapshot.PageTables?) -> Architecture.Limit?

  package init(
    imaBuffer: Step? = nil, kernelRule: Rule, steps: [Step], addressLimit: Architecture.Limit,
    trampoline: Trampoline? = nil, startsOnlyImages: Bool = false, startsAtFirstByte: Bool = false,
    firmware: (rule: Rule, memory: @Sendable (DeviceTree) -> [NoRoom.Occupant])? = nil,
    rmaLimit: @escaping @Sendable (DeviceTree, MachineSnapshot.PageTables?) -> Architecture.Limit? =
      { _, _ in nil }
  ) {
    self.imaBuffer = imaBuffer
    self.kernelRule = kernelRule
    self.steps = steps
    self.addressLimit = addressLimit
    self.trampoline = trampoline
    self.startsOnlyImages = startsOnlyImages
    self.startsAtFirstByte = startsAtFirstByte
    self.firmware = firmware
    self.rmaLimit = rmaLimit
  }

  /// No segment of a plan may lie at this address or above.
  package func limit(by tree: DeviceTree, on machine: MachineSnapshot) -> Architecture.Limit {
    rmaLimit(machine.liveTree ?? tree, machine.pageTables) ?? addressLimit
  }

  /// What is never written over, by the running kernel's tree.
  package func firmware(_ tree: DeviceTree) -> [NoRoom.Occupant] { firmware?.memory(tree) ?? [] }
  /// Who says so.
  package var firmwareRule: Rule? { firmware?.rule }

  /// How a segment is placed, other than the kernel and the IMA buffer.
  package func step(for kind: SegmentKind) -> Step? { steps.first { $0.kind == kind } }

  /// How one segment gets its place.
  package struct Step: Sendable {
    package let kind: SegmentKind
    /// What its start is a multiple of, at least; a page counts always.
    package let alignment: UInt64
    package let direction: FreeSpaceSearch.Direction
    /// Where it may be, by the place of the kernel; nil for nowhere.
    package let window: @Sendable (_ kernel: PhysicalRange) -> PhysicalRange?
    package let rule: Rule

    package init(
      _ kind: SegmentKind, alignment: UInt64 = 4096, _ direction: FreeSpaceSearch.Direction,
      rule: Rule,
      window: @escaping @Sendable (PhysicalRange) -> PhysicalRange? = { $0.above }
    ) {
      self.kind = kind
      self.alignment = alignment
      self.direction = direction
      self.window = window
      self.rule = rule
    }
  }
}

extension PlacementRules.Step {
  /// IMA's buffer: the highest place, wherever the kernel will be.
  package static func imaBuffer(
    within window: @escaping @Sendable (PhysicalRange) -> PhysicalRange? = { _ in .anywhere }
  ) -> Self {
    .init(
      .imaBuffer, .downward,
      rule: .linux("security/integrity/ima/ima_kexec.c", "ima_add_kexec_buffer"), window: window)
  }
}

extension PhysicalRange {
  /// All addresses.
  package static let anywhere = PhysicalRange(start: 0, end: .max)

  /// All addresses after it; nil at the end of the address space.
  package var above: PhysicalRange? { PhysicalRange(start: end, end: .max) }

  /// Of 32 GiB that begin at a multiple of 1 GiB and have this range near their start, what follows it:
  /// where arm64 and LoongArch have the initrd of a kernel.
  package var nearbyAbove: PhysicalRange? {
    let window = start.roundedDown(to: 1 << 30)
    return PhysicalRange(start: end, end: window.addingReportingOverflow(32 << 30).partialValue)
  }
}
