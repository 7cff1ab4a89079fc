// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import KernelImage
import KexecCheck
import KexecFacts
import KexecMerge
import KexecRules
import KexecTree
import PhysicalMemory

/// Everything in its place, before it is checked.
///
/// The order is that of the kernels' own loaders: IMA's list first, then the kernel, into the lowest hole,
/// then the rest around it; when the rest has no room, the kernel moves on to the next hole
/// (`arch/arm64/kernel/kexec_image.c:image_load`).
struct PlanDraft {
  let entry: UInt64
  let segments: [KexecPlan.Segment]
  let placements: [Placement]
  /// What the next kernel gets: one of both.
  let tree: NextTree?
  let commandLine: NextCommandLine?
  /// The core header of a plan for a crash.
  let coreHeader: PlannedCoreHeader?
  /// What was done that may surprise.
  private(set) var warnings: [Finding] = []

  /// Finds a place for everything: at multiples of the preferred alignment, else of a page; over the
  /// running kernel only when there is none beside it.
  ///
  /// - Throws: `KexecError`: what was wrong with the first hole for the kernel, or with the last one
  ///   when no later one could be better.
  init(
    _ request: KexecRequest, _ kernel: KernelImage, _ bytes: [UInt8], _ rules: PlacementRules,
    preferredAlignment: UInt64
  ) throws(KexecError) {
    let (machine, live) = (request.machine, request.liveTree)
    let edited =
      try request.architecture.takesTree ? EditedTree(request) : nil
    // Of the backup's place no more is known yet than that there is one.
    let backup = request.architecture.coreRules?.backedUp.flatMap { _ in
      machine.crashRegions.first?.start
    }
    let source = PlanSegments(
      request: request, edited: edited, kernel: kernel, kernelBytes: bytes, rules: rules,
      coreHeader: try request.coreHeader(backup: backup), pageSize: machine.largestPageSize,
      limit: rules.limit(by: live, on: machine))
    var tree = request.treeMemory(edited)
    tree.kept += rules.firmware(live)
    let alignments = [preferredAlignment, source.pageSize]
    guard request.purpose == .kexec else {
      let memory = PlanMemory(
        inCrashRegion: machine.crashRegions[0], tree, pageSize: source.pageSize)
      try self.init(source, in: memory, preferring: alignments)
      return
    }
    let memory = { [tree] (sparesKernel: Bool) in
      PlanMemory(
        forKexecOn: machine, tree, pageSize: source.pageSize, sparesKernel: sparesKernel)
    }
    do throws(KexecError) {
      try self.init(source, in: memory(true), preferring: alignments)
    } catch {
      guard error.noRoom != nil, machine.kernelImage != nil else { throw error }
      try self.init(source, in: memory(false), preferring: alignments)
      warnings.append(
        Finding(
          "memory", "no room beside the running kernel: it is written over",
          rule: .linux("kernel/kexec_core.c", "kimage_load_normal_segment")))
    }
  }

  private init(
    _ source: PlanSegments, in memory: PlanMemory, preferring alignments: [UInt64]
  ) throws(KexecError) {
    do throws(KexecError) {
      try self.init(source, in: memory, preferring: alignments[0])
    } catch {
      guard error.noRoom != nil else { throw error }
      try self.init(source, in: memory, preferring: alignments[1])
    }
  }

  private init(
    _ source: PlanSegments, in memory: PlanMemory, preferring alignment: UInt64
  ) throws(KexecError) {
    var lowest = source.kernel.linkAddress ?? 0
    var firstFailure: KexecError?
    while true {
      var placing = Placing(
        in: memory, pageSize: source.pageSize, preferredAlignment: alignment)
      try source.placeIMABuffer(&placing)
      let kernel: PhysicalRange
      do throws(KexecError) {
        kernel = try source.placeKernel(from: lowest, &placing)
      } catch {
        throw firstFailure ?? error
      }
      do throws(KexecError) {
        let rest = try source.placeRest(around: kernel, &placing)
        self.init(
          source, kernel, placing, rest, try source.kernelSegments(at: kernel.start))
        return
      } catch {
        // All other segments are behind the kernel: further up there is less room for them.
        guard let room = error.noRoom,
          memory.free.contains(where: { $0.end > kernel.end && $0.size >= room.size })
        else { throw error }
        firstFailure = firstFailure ?? error
        lowest = kernel.end
      }
    }
  }

  private init(
    _ source: PlanSegments, _ kernel: PhysicalRange, _ placing: Placing,
    _ rest: PlanSegments.Rest, _ kernelSegments: [KexecPlan.Segment]
  ) {
    let trampoline = rest.segments.first { $0.part == .trampoline }
    entry = trampoline?.range.start ?? kernel.start + source.kernel.entry
    segments = (kernelSegments + rest.segments).sorted { $0.range < $1.range }
    placements = placing.placements
    (tree, commandLine) = (rest.tree, rest.commandLine)
    coreHeader = rest.coreHeader
  }
}
