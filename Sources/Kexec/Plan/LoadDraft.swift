// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import KernelImage
import PhysicalMemory

/// Everything in its place, before it is checked.
///
/// The order is that of the kernels' own loaders: IMA's list first, then the kernel, into the lowest hole,
/// then the rest around it; when the rest has no room, the kernel moves on to the next hole
/// (`arch/arm64/kernel/kexec_image.c:image_load`).
struct LoadDraft {
  let entry: UInt64
  let segments: [LoadPlan.Segment]
  let placements: [Placement]
  let told: LoadParts.Told
  /// The core header of a plan for a crash.
  let coreHeader: LoadedCoreHeader?
  /// What was done that may surprise.
  private(set) var warnings: [Finding] = []

  /// Finds a place for everything: at multiples of the preferred alignment, else of a page; over the
  /// running kernel only when there is none beside it.
  ///
  /// - Throws: ``KexecError``: what was wrong with the first hole for the kernel, or with the last one
  ///   when no later one could be better.
  init(
    _ request: LoadRequest, _ architecture: Architecture, _ rules: PlacementRules,
    on machine: MachineSnapshot
  ) throws(KexecError) {
    let pageSize = machine.largestPageSize
    // Of the backup's place no more is known yet than that there is one.
    let backup = architecture.coreRules?.backedUp.flatMap { _ in machine.crashRegions.first?.start }
    let coreHeader = try request.coreHeader(for: architecture, backup: backup, on: machine)
    let parts = LoadParts(
      request: request, architecture: architecture, rules: rules, machine: machine,
      coreHeader: coreHeader, pageSize: pageSize,
      limit: rules.limit(by: request.liveTree(on: machine), on: machine))
    var tree = try request.treeMemory()
    tree.kept += rules.firmware(request.liveTree(on: machine))
    guard coreHeader == nil else {
      try self.init(
        parts, in: PlanMemory(forCrashIn: machine.crashRegions[0], tree, pageSize: pageSize))
      return
    }
    let memory = { [tree] (sparesKernel: Bool) in
      PlanMemory(forKexecOn: machine, tree, pageSize: pageSize, sparesKernel: sparesKernel)
    }
    do throws(KexecError) {
      try self.init(parts, in: memory(true))
    } catch {
      guard error.noRoom != nil, machine.kernelImage != nil else { throw error }
      try self.init(parts, in: memory(false))
      warnings.append(
        Finding(
          "memory", "no room beside the running kernel: it is written over",
          rule: .linux("kernel/kexec_core.c", "kimage_load_normal_segment")))
    }
  }

  private init(_ parts: LoadParts, in memory: PlanMemory) throws(KexecError) {
    do throws(KexecError) {
      try self.init(parts, in: memory, preferring: parts.request.preferredAlignment)
    } catch {
      guard error.noRoom != nil else { throw error }
      try self.init(parts, in: memory, preferring: parts.pageSize)
    }
  }

  private init(
    _ parts: LoadParts, in memory: PlanMemory, preferring alignment: UInt64
  ) throws(KexecError) {
    var lowest = parts.request.kernel.linkAddress ?? 0
    var firstFailure: KexecError?
    while true {
      var placing = Placing(
        in: memory, pageSize: parts.pageSize, preferredAlignment: alignment)
      try parts.placeMeasurements(&placing)
      let kernel: PhysicalRange
      do throws(KexecError) {
        kernel = try parts.placeKernel(from: lowest, &placing)
      } catch {
        throw firstFailure ?? error
      }
      do throws(KexecError) {
        let others = try parts.placeOthers(around: kernel, &placing)
        let pieces = try parts.kernelSegments(at: kernel.start)
        self.init(parts, kernel, placing, others, pieces)
        return
      } catch {
        // All others are behind the kernel: further up there is less room for them.
        guard let room = error.noRoom,
          memory.free.contains(where: { $0.end > kernel.end && $0.size >= room.size })
        else { throw error }
        firstFailure = firstFailure ?? error
        lowest = kernel.end
      }
    }
  }

  private init(
    _ parts: LoadParts, _ kernel: PhysicalRange, _ placing: Placing, _ others: LoadParts.Others,
    _ pieces: [LoadPlan.Segment]
  ) {
    let trampoline = others.segments.first { $0.part == .trampoline }
    entry = trampoline?.range.start ?? kernel.start + parts.request.kernel.entry
    segments = (pieces + others.segments).sorted { $0.range < $1.range }
    placements = placing.placements
    told = others.told
    coreHeader = others.coreHeader
  }
}
