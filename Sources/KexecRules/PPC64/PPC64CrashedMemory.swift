// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import KexecFacts
import PhysicalMemory

// The memory of the kernel that crashed: reserved for a crash kernel, and free again for the one after it.
extension TreeFixup {
  private static let firstMemory = PhysicalRange.backedUpOnPPC64.size
  private static let rule = Rule.linux("arch/powerpc/kexec/file_load_64.c", "setup_new_fdt_ppc64")

  /// The memory that the crashed kernel had, but for the first 64 KiB, which every kernel uses and which are
  /// backed up; and that backup.
  package mutating func reserveCrashedMemory() {
    guard let crash, let main = crash.usableMemory.first else { return }
    if let crashed = PhysicalRange(start: Self.firstMemory, end: main.start) {
      reserve(crashed, reason: "what the crashed kernel had", rule: Self.rule)
    }
    if let backup = crash.backup.flatMap({ PhysicalRange(start: $0, size: Self.firstMemory) }) {
      reserve(backup, reason: "the copy of the first 64 KiB", rule: Self.rule)
    }
  }

  /// The same of the last hand-over, when the running kernel is a crash kernel itself: and what else its
  /// loader reserved, of which only kexec-tools leaves no other trace.
  package mutating func releaseCrashedMemory() {
    guard let main = crashKernelMemory else { return }
    release(
      AddressAndSize(address: Self.firstMemory, size: main.start - Self.firstMemory),
      reason: "was what the last crashed kernel had", rule: Self.rule)
    let firmware = PhysicalRangeSet(liveTree.sharedFirmware() + liveTree.reservedRanges())
    let header = coreHeaderAddress
    for entry in tree.reservations {
      // Open Firmware's code reserves all 64 KiB around RTAS, whose size says less.
      guard let memory = entry.memory, main.contains(memory), !firmware.overlaps(memory) else {
        continue
      }
      if memory.start == header {
        release(entry, reason: "was the last crash kernel's elfcorehdr", rule: Self.rule)
      } else if entry.size == Self.firstMemory {
        release(
          entry, reason: "a guess: of its size, the copy of the last crashed kernel's first 64 KiB",
          rule: Self.rule)
      } else if entry.size == tree.sourceSize, !entry.size.isMultiple(of: 4096) {
        release(
          entry, reason: "a guess: as large as the running kernel's tree, which is not passed on",
          rule: Self.rule)
      }
    }
  }

  /// The memory of the crash kernel that runs now; nil when that is an ordinary one.
  ///
  /// The kernel's own loader passes it as a range; kexec-tools only the address of the core header, and reserves
  /// what is below.
  private var crashKernelMemory: PhysicalRange? {
    let range = try? tree.property(ChosenProperty.usableMemory, of: ChosenProperty.node)
    if let cells = try? tree.cellCounts(of: "/"), let main = range?.tuples(cells)?.first?.memory {
      return main.start > Self.firstMemory ? main : nil
    }
    guard coreHeaderAddress != nil,
      let crashed = tree.reservations.first(where: { $0.address == Self.firstMemory })?.memory,
      let usable = try? TreeMemory(of: liveTree, for: .ppc64).usable,
      let own = usable.ranges.first(where: { $0.start < crashed.end && crashed.end < $0.end })
    else { return nil }
    return PhysicalRange(start: crashed.end, end: own.end)
  }

  /// Where the running kernel found its core header, by its command line.
  private var coreHeaderAddress: UInt64? {
    let line = try? tree.property(ChosenProperty.commandLine, of: ChosenProperty.node)
    return line.flatMap { KernelCommandLine(bytes: $0.bytes.prefix { $0 != 0 }.map { $0 }) }?
      .coreHeaderAddress
  }
}

extension KernelCommandLine {
  /// `elfcorehdr=[size@]address`, in any of `lib/cmdline.c:memparse`'s units
  /// (`kernel/elfcorehdr.c:setup_elfcorehdr`).
  fileprivate var coreHeaderAddress: UInt64? {
    let values = kernelWords.compactMap { $0.value(of: "elfcorehdr") }
    let address = values.last?.split(separator: UInt8(ascii: "@")).last
    return address.flatMap { UInt64(size: String(decoding: $0, as: UTF8.self)) }
  }
}
