// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts
import KexecRules
import PhysicalMemory

extension KernelRule {
  /// What powerpc kernels demand of a tree besides.
  static let powerPC: [KernelRule] = [
    .init(
      "ppc64-cpus", .tree, at: "/cpus", "there is a CPU, the one that the kernel starts on",
      by: .only(.ppc64, "arch/powerpc/kexec/core_64.c", "update_cpus_node")
    ) { tree, _ in
      let cpus = tree.tree.root.child("cpus")?.children ?? []
      return cpus.contains(where: \.isCPU) ? [] : ["has no CPU: the kernel stops at once"]
    },
    .init(
      "ppc64-memory-blocks", .tree, at: "memory", "the blocks of dynamic memory can be read",
      by: .only(.ppc64, "arch/powerpc/mm/drmem.c", "walk_drmem_lmbs_early")
    ) { tree, _ in
      do throws(KexecError) {
        _ = try tree.tree.memoryBlocks()
        return []
      } catch {
        return ["\(error)"]
      }
    },
    .init(
      "ppc64-rtas", .tree, at: "/rtas", "a kernel finds RTAS where there is one",
      by: .only(.ppc64, "arch/powerpc/kexec/ranges.c", "add_rtas_mem_range")
    ) { tree, _ in
      let base = (try? tree.tree.property("linux,rtas-base", of: "/rtas")) ?? nil
      guard base != nil, tree.tree.rtas == nil else { return [] }
      return ["linux,rtas-base and rtas-size are not a range of memory"]
    },
    // The firmware's memory has nothing of the crashed kernel.
    .init(
      "ppc64-dump-is-spared", .tree, at: "memory",
      "a crash kernel uses no memory of the crashed one, except what is backed up", by: addMemory,
      for: [.crash]
    ) { tree, reading in
      guard let main = reading.mainCrashRegion else { return [] }
      guard let memory = tree.memory else { return ["cannot be read"] }
      let own = [.backedUpOnPPC64, main] + reading.liveTree.sharedFirmware()
      return memory.usable.subtracting(memory.reserved).subtracting(PhysicalRangeSet(own)).ranges
        .prefix(1).map { "\($0) of the crashed kernel would be used, and destroyed" }
    },
    .init(
      "ppc64-own-memory", .tree, at: "memory", "a crash kernel uses all of its main region",
      by: addMemory, for: [.crash]
    ) { tree, reading in
      guard let main = reading.mainCrashRegion, let memory = tree.memory else { return [] }
      return PhysicalRangeSet([main]).subtracting(memory.usable).ranges.prefix(1).map {
        "\($0) of the crash kernel's memory would not be used"
      }
    },
  ]

  private static let addMemory = RuleReader.only(
    .ppc64, "arch/powerpc/kernel/prom.c", "early_init_dt_add_memory_arch")
}

extension Reading {
  /// The region that a crash kernel runs in: the requested one, or the one with its core header.
  fileprivate var mainCrashRegion: PhysicalRange? {
    if let crash = requested?.crash { return crash.usableMemory.first }
    return tree?.coreHeader.flatMap { header in
      machine.crashRegions.first { $0.contains(header) }
    }
  }
}
