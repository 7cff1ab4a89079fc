// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import PhysicalMemory

/// Reads a finished tree as a powerpc kernel will that is started with it.
struct PPC64TreeCheck {
  let tree: DeviceTree
  /// What a crash kernel is told; nil for an ordinary kexec.
  let crash: CrashHandover?
  let machine: MachineFacts

  /// What is wrong with it.
  var findings: [Finding] { cpus + memory + firmware + (crash.map(dump) ?? []) }

  /// The CPU that a kernel is started on has to be among them.
  private var cpus: [Finding] {
    guard tree.root.child("cpus")?.children.contains(where: \.isCPU) != true else { return [] }
    return [
      Finding(
        "/cpus", "has no CPU: the kernel stops at once",
        rule: .linux("arch/powerpc/kexec/core_64.c", "update_cpus_node"))
    ]
  }

  /// Kernels load nothing where RTAS is there and cannot be read.
  private var firmware: [Finding] {
    let tells = (try? tree.property("linux,rtas-base", of: "/rtas")) ?? nil
    guard tells != nil, tree.rtas == nil else { return [] }
    return [
      Finding(
        "/rtas", "linux,rtas-base and rtas-size are no memory",
        rule: .linux("arch/powerpc/kexec/ranges.c", "add_rtas_mem_range"))
    ]
  }

  private var memory: [Finding] {
    do throws(KexecError) {
      _ = try tree.memoryBlocks()
      return []
    } catch {
      return [
        Finding(
          "memory", "\(error)", rule: .linux("arch/powerpc/mm/drmem.c", "walk_drmem_lmbs_early"))
      ]
    }
  }

  /// Of the memory that a crash kernel uses and does not keep off, all is its own or nobody's: the first
  /// 64 KiB are backed up, and in the firmware's there is nothing of the crashed kernel.
  private func dump(_ crash: CrashHandover) -> [Finding] {
    let rule = Rule.linux("arch/powerpc/kernel/prom.c", "early_init_dt_add_memory_arch")
    guard let main = crash.usableMemory.first,
      let memory = try? TreeMemory(of: tree, for: .ppc64)
    else { return [Finding("memory", "cannot be read", rule: rule)] }
    let first = PhysicalRange(start: 0, size: 64 << 10)
    let own = [first, main].compactMap { $0 } + (machine.liveTree ?? tree).sharedFirmware()
    let foreign = memory.usable.subtracting(memory.reserved).subtracting(PhysicalRangeSet(own))
    let missing = PhysicalRangeSet([main]).subtracting(memory.usable)
    return foreign.ranges.prefix(1).map {
      Finding("memory", "\($0) of the crashed kernel would be used, and destroyed", rule: rule)
    }
      + missing.ranges.prefix(1).map {
        Finding("memory", "\($0) of the crash kernel's own would not be used", rule: rule)
      }
  }
}
