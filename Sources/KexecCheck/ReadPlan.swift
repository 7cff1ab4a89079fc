// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import CrashCore
import KernelImage
import KexecFacts
import KexecRules
import PhysicalMemory

/// A plan with the bytes of its segments.
struct ReadPlan {
  let manifest: PlanManifest
  /// Where kernels of its architecture put what they load.
  let placement: PlacementRules
  /// What the machine's core header has to fit; nil when that was checked elsewhere.
  let core: CoreMachine?
  let segments: [Segment]
  /// The command line in place of a tree; nil for none.
  let line: Line?
  /// The kernel's Image and the address of its header; nil where no Image begins at the entry.
  let image: (header: KernelImage, address: UInt64)?
  /// The address of the kernel's first instruction, which is in the trampoline where there is one.
  let kernelEntry: UInt64?

  /// A segment with the bytes at its start.
  struct Segment {
    /// What it is for; nil for a name that no plan of dtfix has.
    let kind: SegmentKind?
    let name: String
    let range: PhysicalRange
    let content: SegmentContent

    /// Its memory without the rest of its last page.
    var exactRange: PhysicalRange? {
      PhysicalRange(start: range.start, size: UInt64(content.size))
    }

    var isOfKernel: Bool { if case .kernel = kind { true } else { false } }
    var isExtra: Bool { if case .extra = kind { true } else { false } }

    func starts(with bytes: some Sequence<UInt8>) -> Bool { content.start.starts(with: bytes) }
    func hasMagic(_ magic: UInt32) -> Bool { content.start.span.hasMagic(magic) }
    func holds(_ address: UInt64) -> Bool { range.start <= address && address < range.end }
  }

  struct Line {
    let segment: Segment
    /// The line, up to the first NUL.
    let bytes: [UInt8]
    let words: [CommandLineWord]

    init(_ segment: Segment) {
      self.segment = segment
      bytes = Array(segment.content.start.prefix { $0 != 0 })
      words = KernelCommandLine(bytes: bytes).kernelWords
    }
  }

  init(
    _ manifest: PlanManifest, _ contents: [String: SegmentContent], _ placement: PlacementRules,
    on machine: MachineSnapshot, core: CoreMachine?
  ) {
    (self.manifest, self.placement, self.core) = (manifest, placement, core)
    segments = manifest.segments.map {
      Segment(
        kind: SegmentKind(name: $0.name), name: $0.name, range: $0.range,
        content: contents[$0.file] ?? SegmentContent([]))
    }
    line = segments.first { $0.kind == .commandLine }.map(Line.init)
    let code = segments.first { $0.kind == .trampoline }?.content.start ?? []
    kernelEntry =
      placement.trampoline.map {
        try? code.span.integer(UInt64.self, at: $0.literals, machine.byteOrder)
      } ?? manifest.entry
    image = Self.image(in: segments.filter(\.isOfKernel), at: kernelEntry)
  }

  var purpose: Purpose { manifest.purpose }
  var kernel: [Segment] { segments.filter(\.isOfKernel) }
  var extras: [Segment] { segments.filter(\.isExtra) }

  subscript(kind: SegmentKind) -> Segment? { segments.first { $0.kind == kind } }

  /// From the start of the kernel to its end.
  var kernelExtent: PhysicalRange? {
    guard let start = kernel.map(\.range.start).min(), let end = kernel.map(\.range.end).max()
    else { return nil }
    return PhysicalRange(start: start, end: end)
  }

  /// LoongArch's header has the offset of the entry, other Images are entered at the header; found only in the
  /// bytes of the segment that were read.
  private static func image(
    in kernel: [Segment], at entry: UInt64?
  ) -> (KernelImage, UInt64)? {
    if let first = kernel.first, let image = try? KernelImage(first.content.start.span),
      image.format != .elf, image.entry > 0
    {
      return (image, first.range.start)
    }
    guard let entry, let segment = kernel.first(where: { $0.holds(entry) }),
      let offset = Int(exactly: entry - segment.range.start), offset < segment.content.start.count,
      let image = try? KernelImage(segment.content.start.span.extracting(offset...))
    else { return nil }
    return (image, entry)
  }
}
