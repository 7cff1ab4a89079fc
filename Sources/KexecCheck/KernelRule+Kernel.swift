// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import ELF
import KernelImage
import KexecFacts
import KexecRules
import PhysicalMemory

extension KernelRule {
  /// The kernel of a plan, how it is reached, and what kernels would take for something else.
  static let kernel: [KernelRule] = [
    .init("plan-has-kernel", .plan, at: "kernel", "a plan has a kernel", by: .all(.caller)) {
      plan, _ in plan.kernel.isEmpty ? ["there is none"] : []
    },
    // riscv may start the segments of an ELF file, which say nothing of themselves; arm64 starts nothing else.
    .init(
      "image-at-entry", .plan, at: "kernel", "an Image begins where the kernel starts", by: loader
    ) {
      plan, _ in
      guard !plan.kernel.isEmpty, plan.image == nil,
        plan.placement.startsOnlyImages || plan.kernel.allSatisfy({ $0.content.size == 0 })
      else { return [] }
      return ["no Image begins where it is started"]
    },
    .init(
      "kernel-architecture", .plan, at: "kernel", "the Image is for the plan's architecture",
      by: loader
    ) {
      plan, reading in
      guard let (image, _) = plan.image,
        image.machine != reading.architecture.machine
      else { return [] }
      return ["is for \(image.machine), not for \(reading.architecture)"]
    },
    .init("kernel-memory", .plan, at: "kernel", "the Image gets the memory it asks for", by: loader)
    {
      plan, _ in
      guard let (image, address) = plan.image, let end = plan.kernelExtent?.end,
        image.memorySize > end - address
      else { return [] }
      return ["wants \(image.memorySize) bytes of memory and gets \(end - address)"]
    },
    .init("kernel-entry", .plan, at: "entry", "the Image starts where its header says", by: loader)
    {
      plan, _ in
      guard let (image, address) = plan.image, let entry = plan.kernelEntry,
        entry != address + image.entry
      else { return [] }
      return ["\(hex(entry)) is not the kernel's, \(hex(address + image.entry))"]
    },
    .init(
      "kernel-alignment", .plan, at: "kernel", "the Image is aligned as it asks for", by: loader
    ) {
      plan, _ in
      guard let (image, address) = plan.image,
        (address &- image.textOffset) % image.alignment != 0
      else { return [] }
      return ["\(hex(address)) is no multiple of \(hex(image.alignment))"]
    },
    .init(
      "entry-in-segment", .plan, at: "entry",
      "a segment has the entry: kernels jump to any address",
      by: .linux("kernel/kexec.c", "kimage_alloc_init")
    ) { plan, _ in
      let entry = plan.manifest.entry
      guard !plan.segments.contains(where: { $0.holds(entry) }) else { return [] }
      return ["\(hex(entry)) is in no segment: the kernel would jump there all the same"]
    },
    .init(
      "entry-is-trampoline", .plan, at: "entry", "the entry is dtfix's trampoline", by: trampoline
    ) {
      plan, _ in
      guard plan[.trampoline]?.range.start != plan.manifest.entry else { return [] }
      return ["is no trampoline of dtfix: what it does is not known"]
    },
    .init(
      "trampoline", .plan, at: "trampoline", "the trampoline passes the tree on", by: trampoline
    ) {
      plan, reading in
      guard let code = plan.placement.trampoline, let segment = plan[.trampoline],
        segment.range.start == plan.manifest.entry
      else { return [] }
      let isOurs = [ByteOrder.little, .big].contains { order in
        segment.content.start
          == code.bytes(plan.start(order, reading), reading.machine.byteOrder)
      }
      guard isOurs, let kernel = plan.kernelExtent, let entry = plan.kernelEntry,
        kernel.start <= entry, entry < kernel.end
      else { return ["does not start the kernel with its tree"] }
      return []
    },
    .segment(
      "one-elf-file", "no segment but the core header begins like an ELF file",
      by: .linux("kernel/crash_core.c", "crash_handle_hotplug_event"), for: [.crash],
      since: KernelRelease(6, 6)
    ) { segment, _ in
      guard segment.part != .coreHeader, segment.hasMagic(ELFHeader.magic) else {
        return nil
      }
      return "begins like the core header, which kernels look for"
    },
    .segment(
      "one-command-line", "no segment but the command line begins like it",
      by: RuleReader { $0.commandLineRules?.reader }
    ) { segment, reading in
      guard segment.part != .commandLine, let rules = reading.architecture.commandLineRules,
        segment.starts(with: rules.start.utf8)
      else { return nil }
      return "begins like the command line, which the kernel looks for"
    },
    .segment(
      "one-tree", "no segment but the tree begins like one",
      by: .linux("arch/riscv/kernel/machine_kexec.c", "machine_kexec_prepare")
    ) { segment, _ in
      guard segment.part != .tree, segment.hasMagic(BlobHeader.magic) else {
        return nil
      }
      return "begins like a device tree, which some kernels look for"
    },
  ]

  private static let loader = RuleReader { $0.placement?.kernelRule }
  private static let trampoline = RuleReader { $0.placement?.trampoline?.rule }
}

extension ReadPlan {
  /// What the trampoline has to know, by the rest of the plan.
  fileprivate func start(_ order: ByteOrder, _ reading: Reading) -> Trampoline.Start {
    var start = Trampoline.Start(kernel: kernelEntry ?? 0, tree: self[.tree]?.range.start ?? 0)
    start.isForCrash = purpose == .crash
    start.backup = self[.backup]?.range.start ?? 0
    start.firmware = reading.liveTree.opalCall
    start.head = kernel.first?.content.start[...] ?? []
    start.kernelOrder = order
    return start
  }
}
