// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import KernelImage
import KexecFacts
import KexecRules
import KexecTree
import PhysicalMemory

/// A plan before it is checked: every segment has its place.
///
/// The order is that of the kernels' own loaders: IMA's buffer first, then the kernel, into the lowest hole,
/// then the rest around it; when the rest has no room, the kernel moves on to the next hole
/// (`arch/arm64/kernel/kexec_image.c:image_load`).
struct PlanDraft {
  let entry: UInt64
  let segments: [KexecPlan.Segment]
  let placements: [Placement]
  let rest: PlanSegments.Rest
  private(set) var warnings: [Finding] = []

  /// Finds a place for every segment: at multiples of the preferred alignment, else of a page; over the
  /// running kernel only when there is no other place.
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
    // The backup has no place yet; its address does not change the size of the core header.
    let backup = request.architecture.coreRules?.backedUp.flatMap { _ in
      machine.crashRegions.first?.start
    }
    let source = PlanSegments(
      request: request, edited: edited, kernel: kernel, kernelBytes: bytes, rules: rules,
      coreHeader: try request.coreHeader(backup: backup), pageSize: machine.largestPageSize,
      limit: rules.limit(by: live, on: machine))
    var tree = request.treeMemory(edited)
    tree.kept += rules.firmware(live)
    let memories =
      request.purpose == .crash
      ? [PlanMemory(inCrashRegion: machine.crashRegions[0], tree, pageSize: source.pageSize)]
      : (machine.kernelImage == nil ? [true] : [true, false]).map {
        PlanMemory(forKexecOn: machine, tree, pageSize: source.pageSize, sparesKernel: $0)
      }
    var failure: KexecError?
    for (number, memory) in memories.enumerated() {
      for alignment in [preferredAlignment, source.pageSize] {
        do throws(KexecError) {
          try self.init(source, in: memory, preferring: alignment)
          guard number > 0 else { return }
          warnings.append(
            Finding(
              "memory", "no room beside the running kernel: it is overwritten",
              rule: .linux("kernel/kexec_core.c", "kimage_load_normal_segment")))
          return
        } catch {
          guard error.noRoom != nil else { throw error }
          failure = error
        }
      }
    }
    throw failure ?? .missing(.memory)
  }

  private init(
    _ source: PlanSegments, in memory: PlanMemory, preferring alignment: UInt64
  ) throws(KexecError) {
    var lowest = source.kernel.linkAddress ?? 0
    var firstFailure: KexecError?
    while true {
      var placing = Placing(
        memory: memory, pageSize: source.pageSize, preferredAlignment: alignment)
      try source.placeIMABuffer(&placing)
      let kernel: PhysicalRange
      do throws(KexecError) {
        kernel = try source.placeKernel(from: lowest, &placing)
      } catch {
        throw firstFailure ?? error
      }
      do throws(KexecError) {
        let rest = try source.placeRest(around: kernel, &placing)
        let kernelSegments = try source.kernelSegments(at: kernel.start)
        let trampoline = rest.segments.first { $0.kind == .trampoline }
        entry = trampoline?.range.start ?? kernel.start + source.kernel.entry
        segments = (kernelSegments + rest.segments).sorted { $0.range < $1.range }
        (placements, self.rest) = (placing.placements, rest)
        return
      } catch {
        // All other segments are above the kernel: further up there is less room for them.
        guard let room = error.noRoom,
          memory.free.contains(where: { $0.end > kernel.end && $0.size >= room.size })
        else { throw error }
        firstFailure = firstFailure ?? error
        lowest = kernel.end
      }
    }
  }
}
