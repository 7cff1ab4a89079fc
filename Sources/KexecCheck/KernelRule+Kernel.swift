// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import ELF
import KernelImage
import KexecFacts
import KexecRules
import PhysicalMemory

extension KernelRule {
  /// The kernel of a plan, its entry, and segments that kernels would take for something else.
  static let kernel: [KernelRule] = [
    .init("plan-has-kernel", .plan, at: "kernel", "a plan has a kernel", by: .all(.caller)) {
      plan, _ in plan.kernel.isEmpty ? ["there is none"] : []
    },
    // riscv may start the segments of an ELF file, which have no header; arm64 starts only Images.
    .init(
      "image-at-entry", .plan, at: "kernel", "an Image begins at the entry of the kernel",
      by: loader
    ) {
      plan, _ in
      guard !plan.kernel.isEmpty, plan.image == nil,
        plan.placement.startsOnlyImages || plan.kernel.allSatisfy({ $0.content.size == 0 })
      else { return [] }
      return ["no Image begins at the entry"]
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
    .init(
      "kernel-memory", .plan, at: "kernel", "the Image gets the memory that its header demands",
      by: loader
    ) {
      plan, _ in
      guard let (image, address) = plan.image, let end = plan.kernelExtent?.end,
        image.memorySize > end - address
      else { return [] }
      return ["needs \(image.memorySize) bytes of memory and gets \(end - address)"]
    },
    .init("kernel-entry", .plan, at: "entry", "the Image starts where its header says", by: loader)
    {
      plan, _ in
      guard let (image, address) = plan.image, let entry = plan.kernelEntry,
        entry != address &+ image.entry
      else { return [] }
      return ["\(hex(entry)) is not the kernel's, \(hex(address &+ image.entry))"]
    },
    .init(
      "kernel-alignment", .plan, at: "kernel", "the Image is aligned as its header demands",
      by: loader
    ) {
      plan, _ in
      guard let (image, address) = plan.image,
        (address &- image.textOffset) % image.alignment != 0
      else { return [] }
      return ["\(hex(address)) is not a multiple of \(hex(image.alignment))"]
    },
    .init(
      "entry-in-segment", .plan, at: "entry",
      "a segment has the entry: kernels jump to any address",
      by: .linux("kernel/kexec.c", "kimage_alloc_init")
    ) { plan, _ in
      let entry = plan.manifest.entry
      guard !plan.segments.contains(where: { $0.holds(entry) }) else { return [] }
      return ["\(hex(entry)) is in no segment: the kernel would jump there anyway"]
    },
    .init(
      "entry-is-trampoline", .plan, at: "entry", "the entry is dtfix's trampoline", by: trampoline
    ) {
      plan, _ in
      guard plan[.trampoline]?.range.start != plan.manifest.entry else { return [] }
      return ["is not a trampoline of dtfix: what it does is not known"]
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
      "one-elf-file", "no segment but the elfcorehdr begins like an ELF file",
      by: .linux("kernel/crash_core.c", "crash_handle_hotplug_event"), for: [.crash],
      since: KernelRelease(6, 6)
    ) { segment, _ in
      guard segment.kind != .coreHeader, segment.hasMagic(ELFHeader.magic) else {
        return nil
      }
      return "begins like the elfcorehdr, which kernels look for"
    },
    .segment(
      "one-command-line", "no segment but the command line begins like it",
      by: .each { $0.commandLineRules?.reader }
    ) { segment, reading in
      guard segment.kind != .commandLine, let rules = reading.architecture.commandLineRules,
        segment.starts(with: rules.start.utf8)
      else { return nil }
      return "begins like the command line, which the kernel looks for"
    },
    .segment(
      "one-tree", "no segment but the tree begins like one",
      by: .linux("arch/riscv/kernel/machine_kexec.c", "machine_kexec_prepare")
    ) { segment, _ in
      guard segment.kind != .tree, segment.hasMagic(BlobHeader.magic) else {
        return nil
      }
      return "begins like a device tree, which some kernels look for"
    },
  ]

  private static let loader = RuleReader.each { $0.placement?.kernelRule }
  private static let trampoline = RuleReader.each { $0.placement?.trampoline?.rule }

  /// Where the kernel looks for its initrd.
  static let initrd: [KernelRule] = [
    .init(
      "initrd-whole", .tree, at: property(ChosenProperty.initrdStart),
      "start and end of the initrd both exist, or neither, and it is not empty",
      by: initrdReader, for: any
    ) { tree, _ in
      guard ChosenProperty.initrd.contains(where: { tree[$0] != nil }),
        (tree.initrd?.size ?? 0) == 0
      else { return [] }
      return ["does not describe an initrd together with \(ChosenProperty.initrdEnd)"]
    },
    // Firmware may put a board's initrd in memory that the tree does not describe.
    .init(
      "initrd-in-memory", .treeAlone, at: property(ChosenProperty.initrdStart),
      "the initrd is in memory that the tree describes", by: initrdReader
    ) { tree, _ in
      guard let initrd = tree.initrd, let memory = tree.memory?.usable, !memory.isEmpty,
        !memory.contains(initrd)
      else { return [] }
      return ["\(initrd) is not all in memory"]
    },
    .loaded(
      "initrd-loaded", "the tree names the initrd that is loaded, to its exact size", "initrd",
      by: initrdReader, \.initrd
    ) { $0[.initrd]?.exactRange },
    .init(
      "initrd-near-kernel", .plan, at: "initrd", "the initrd is within reach of the kernel",
      by: .each { $0.placement?.step(for: .initrd)?.rule }
    ) { plan, _ in
      guard let initrd = plan[.initrd]?.range, let kernel = plan.kernelExtent,
        let step = plan.placement.step(for: .initrd)
      else { return [] }
      // On either side, within a window that starts at the lower of the two.
      let (lower, upper) = initrd.start < kernel.start ? (initrd, kernel) : (kernel, initrd)
      guard !lower.overlaps(upper), step.window(lower)?.contains(upper) != true else { return [] }
      return ["\(initrd) is too far from the kernel at \(kernel)"]
    },
  ]

  private static let initrdReader = RuleReader.fdt("early_init_dt_check_for_initrd")
}

extension ReadPlan {
  /// What the trampoline needs, by the rest of the plan.
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
