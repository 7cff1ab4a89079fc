// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import KernelImage
import PhysicalMemory

// The kernel of a plan, and how it is reached.
extension CheckedPlan {
  /// All pieces of the kernel.
  private var kernelParts: [SegmentCheck.Segment] {
    parts.filter { $0.name == "kernel" || $0.name.hasPrefix("kernel-") }
  }

  /// From the first piece's start to the last one's end.
  private var kernelExtent: PhysicalRange? {
    guard let start = kernelParts.map(\.range.start).min(),
      let end = kernelParts.map(\.range.end).max()
    else { return nil }
    return PhysicalRange(start: start, end: end)
  }

  /// Where the kernel's first instruction is: the trampoline knows.
  private var kernelEntry: UInt64? {
    guard let trampoline = rules.trampoline else { return manifest.entry }
    return part(.trampoline).flatMap {
      try? $0.content.start.span.integer(
        UInt64.self, at: trampoline.literals, machine.byteOrder)
    }
  }

  var kernel: [Finding] {
    guard let extent = kernelExtent else {
      return [Finding("kernel", "there is none", rule: .caller)]
    }
    return image(in: extent) + distance(from: extent)
  }

  /// An Image says itself how much memory it wants. arm64 starts nothing else; riscv may start the pieces
  /// of an ELF file, which say nothing any more.
  private func image(in extent: PhysicalRange) -> [Finding] {
    guard let (image, address) = imageAtEntry else {
      guard rules.startsOnlyImages || kernelParts.allSatisfy({ $0.content.size == 0 }) else {
        return []
      }
      return [Finding("kernel", "no Image begins where it is started", rule: rules.kernelRule)]
    }
    var findings: [Finding] = []
    if image.machine.rawValue != architecture.coreRules?.machine {
      findings.append(
        Finding(
          "kernel", "is for \(image.machine), not for \(architecture)", rule: rules.kernelRule))
    }
    let available = extent.end - address
    if image.memorySize > available {
      findings.append(
        Finding(
          "kernel", "wants \(image.memorySize) bytes of memory and gets \(available)",
          rule: rules.kernelRule))
    }
    if let entry = kernelEntry, entry != address + image.entry {
      findings.append(
        Finding(
          "entry", "\(hex(entry)) is not the kernel's, \(hex(address + image.entry))",
          rule: rules.kernelRule))
    }
    if (address &- image.textOffset) % image.alignment != 0 {
      findings.append(
        Finding(
          "kernel", "\(hex(address)) is no multiple of \(hex(image.alignment))",
          rule: rules.kernelRule))
    }
    return findings
  }

  /// The header of an Image: LoongArch's says where in it the entry is, others are entered at the header. As
  /// long as a check looks into the piece that it is in.
  private var imageAtEntry: (KernelImage, address: UInt64)? {
    if let first = kernelParts.first, let image = try? KernelImage(first.content.start.span),
      image.format != .elf, image.entry > 0
    {
      return (image, first.range.start)
    }
    guard let entry = kernelEntry,
      let part = kernelParts.first(where: { $0.range.start <= entry && entry < $0.range.end }),
      let offset = Int(exactly: entry - part.range.start), offset < part.content.start.count,
      let image = try? KernelImage(part.content.start.span.extracting(offset...))
    else { return nil }
    return (image, entry)
  }

  /// The initrd may be on either side, within a window that begins at the lower of the two.
  private func distance(from kernel: PhysicalRange) -> [Finding] {
    guard let initrd = part(.initrd), let step = rules.steps.first(where: { $0.part == .initrd })
    else { return [] }
    let (lower, upper) =
      initrd.range.start < kernel.start ? (initrd.range, kernel) : (kernel, initrd.range)
    guard !lower.overlaps(upper), step.window(lower)?.contains(upper) != true else { return [] }
    return [
      Finding("initrd", "\(initrd.range) is too far from the kernel at \(kernel)", rule: step.rule)
    ]
  }

  /// The code that is jumped to gives the kernel its tree.
  var start: [Finding] {
    guard let trampoline = rules.trampoline else { return [] }
    guard let code = part(.trampoline), code.range.start == manifest.entry else {
      return [
        Finding(
          "entry", "is no trampoline of dtfix: what it does is not known", rule: trampoline.rule)
      ]
    }
    guard
      [ByteOrder.little, .big].contains(where: { order in
        code.content.start == trampoline.bytes(started(order), machine.byteOrder)
      }), let kernel = kernelEntry,
      kernelExtent.map({ $0.start <= kernel && kernel < $0.end }) == true
    else {
      return [
        Finding("trampoline", "does not start the kernel with its tree", rule: trampoline.rule)
      ]
    }
    return []
  }

  /// What the trampoline has to know, by the rest of the plan.
  private func started(_ order: ByteOrder) -> Trampoline.Start {
    let tree = part(.tree)?.range.start ?? 0
    var start = Trampoline.Start(kernel: kernelEntry ?? 0, tree: tree)
    start.isForCrash = manifest.isForCrash
    start.backup = part(.backup)?.range.start ?? 0
    start.firmware = (machine.liveTree ?? (try? openedTree?.get()) ?? DeviceTree()).opalCall
    start.head = kernelParts.first?.content.start[...] ?? []
    start.kernelOrder = order
    return start
  }
}
