// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecCheck
package import KexecFacts
import KexecMerge
import KexecRules
package import PhysicalMemory

extension KexecRequest {
  /// Refuses what no tree can say, before anything is edited.
  func check(_ line: KernelCommandLine?) throws(KexecError) {
    if let line { try line.check(for: architecture) }
    if let kaslr = seeds.kaslr, kaslr.count != Seeds.kaslrSize {
      throw .seedSize(
        property: ChosenProperty.kaslrSeed, size: kaslr.count, expected: Seeds.kaslrSize)
    }
    try checkCrash()
    try checkBuffers()
    guard let initrd else { return }
    guard initrd.start != 0 else { throw .initrdAtZero }
    if let limit = architecture.initrdLimit, initrd.end > limit.value {
      throw .initrdTooHigh(initrd, architecture)
    }
    if let reservation = reservations.first(where: initrd.overlaps) {
      throw .initrdReserved(initrd, by: reservation)
    }
    if let systemRAM = machine.systemRAM {
      guard PhysicalRangeSet(systemRAM).contains(initrd) else { throw .notInSystemRAM(initrd) }
    }
  }

  private func checkCrash() throws(KexecError) {
    guard let crash else {
      guard purpose == .kexec else {
        throw KexecError(.usage, "a crash kernel needs a core header")
      }
      for input in [KexecInput.coreHeader, .diskKeys, .backup] where self[input] != nil {
        throw KexecError(.usage, "the \(input) is for a crash kernel")
      }
      return
    }
    try crash.check(with: initrd, for: architecture, on: machine)
    guard case .given(let line) = commandLine, line.namesCoreHeader else { return }
    throw .coreHeaderOnCommandLine
  }

  /// Refuses addresses that the root's cells cannot hold; the initrd's are written in 64 bits
  /// whatever they are (`drivers/of/fdt.c:early_init_dt_check_for_initrd`).
  func checkFits(_ tree: DeviceTree) throws(KexecError) {
    guard let cells = try? tree.cellCounts(of: "/") else { return }
    for buffer in buffers
    where PropertyValue(AddressAndSize(buffer.range), cells: cells) == nil {
      throw .badPart(
        buffer.input, reason: "\(buffer.place) is more than this tree can say",
        .linux("drivers/of/fdt.c", "early_init_dt_scan_root"))
    }
    guard let crash else { return }
    let parts =
      [(CrashPart.coreHeader, crash.coreHeader)] + crash.usableMemory.map { (.usableMemory, $0) }
    for (part, range) in parts where PropertyValue(AddressAndSize(range), cells: cells) == nil {
      throw .beyondCells(
        part, range, addressBits: cells.address * 32, sizeBits: cells.size * 32)
    }
  }

  /// Refuses an initrd in memory that the tree reserves.
  ///
  /// - Parameter reservations: those of the tree, without the last hand-over's.
  func checkInitrdIsFree(
    in tree: DeviceTree, _ reservations: [AddressAndSize]
  ) throws(KexecError) {
    guard let initrd else { return }
    let kept = reservations.compactMap(\.memory).map { ("a memory reservation", $0) }
    for (keeper, memory) in kept + tree.reservedMemory() where memory.overlaps(initrd) {
      throw .initrdNotFree(initrd, keeper: keeper, memory: memory)
    }
  }

  /// What could not be checked, or is worth a second look.
  ///
  /// - Parameter tree: as the caller edited it.
  func warnings(_ line: KernelCommandLine?, _ tree: DeviceTree) -> [Finding] {
    warnings(of: line) + bufferWarnings(tree)
      + (machine.systemRAM == nil ? warningsByTree(tree) : warningsByMachine(tree))
  }

  private func warnings(of line: KernelCommandLine?) -> [Finding] {
    guard let line, let limit = architecture.oldCommandLineLimit, line.bytes.count >= limit.value
    else { return [] }
    return [
      Finding(
        "/chosen: bootargs",
        "\(line.bytes.count) bytes, of which older kernels keep \(limit.value - 1)",
        rule: limit.rule)
    ]
  }

  /// The tree's own memory nodes may be the firmware's to fill in, so they refuse nothing.
  private func warningsByTree(_ tree: DeviceTree) -> [Finding] {
    guard let initrd else { return [] }
    let cells = try? tree.cellCounts(of: "/")
    let memory = cells.map { tree.memoryNodes($0, named: "memory").flatMap(\.ranges) } ?? []
    guard !memory.isEmpty, !tree.isOfUEFI else {
      return [Finding("initrd", "not checked against memory: none is known", rule: .caller)]
    }
    guard !PhysicalRangeSet(memory).contains(initrd) else { return [] }
    return [
      Finding(
        "initrd", "\(initrd) is not all in the tree's memory nodes",
        rule: .linux("drivers/of/fdt.c", "early_init_dt_scan_memory"))
    ]
  }

  private func warningsByMachine(_ tree: DeviceTree) -> [Finding] {
    guard let initrd, tree.isOfUEFI else { return [] }
    return machine.reserved.filter(initrd.overlaps).map {
      Finding(
        "initrd", "in \($0), which this kernel has reserved: the firmware's tables may be there",
        rule: .linux("drivers/firmware/efi/efi.c", "efi_config_parse_tables"))
    }
  }
}

extension CrashHandover {
  /// Refuses more ranges than are read, and a wrong order.
  ///
  /// - Parameter subject: where they come from.
  /// - Returns: the main one.
  @discardableResult
  package static func checkUsable(
    _ ranges: [PhysicalRange], of subject: KexecError.Subject = .usableMemory
  ) throws(KexecError) -> PhysicalRange {
    guard let main = ranges.first, ranges.count <= mostUsableRanges else {
      throw .usableMemoryCount(ranges.count, of: subject)
    }
    if let low = ranges.dropFirst().first, low.start > main.start || low.overlaps(main) {
      throw .usableMemoryOrder(main: main, low: low, of: subject)
    }
    return main
  }

  /// Refuses what would cost the dump: memory that is not the crash kernel's, or a wrong order.
  fileprivate func check(
    with initrd: PhysicalRange?, for architecture: Architecture, on machine: MachineSnapshot
  ) throws(KexecError) {
    let main = try Self.checkUsable(usableMemory)
    guard architecture.readsUsableRange || usableMemory.count == 1 else {
      throw .unsupported(
        architecture: architecture,
        reason: "its crash kernels have one piece of memory of their own")
    }
    if !machine.crashRegions.isEmpty {
      for range in usableMemory where !machine.crashRegions.contains(where: { $0.contains(range) })
      {
        throw .notInCrashRegion(.usableMemory, range)
      }
    }
    guard main.contains(coreHeader) else { throw .notInCrashRegion(.coreHeader, coreHeader) }
    // A header of one note and one range of memory.
    guard coreHeader.start.isMultiple(of: machine.pageSize ?? 4096), coreHeader.size >= 176,
      coreHeader.size < main.size
    else { throw .badCoreHeaderPlace(coreHeader) }
    let copy = try backupRange(for: architecture)
    if let copy {
      guard main.contains(copy) else {
        throw .badBackup(copy.start, "\(copy) is not in the main crash region, \(main)")
      }
      for part in [coreHeader, initrd] where part?.overlaps(copy) == true {
        throw .badBackup(copy.start, "\(copy) overlaps what else is loaded")
      }
    }
    guard let initrd else { return }
    guard main.contains(initrd) else { throw .notInCrashRegion(.initrd, initrd) }
    guard !initrd.overlaps(coreHeader) else { throw .initrdReserved(initrd, by: coreHeader) }
  }

  /// Where the backup goes; nil for an architecture that has none.
  private func backupRange(
    for architecture: Architecture
  ) throws(KexecError) -> PhysicalRange? {
    guard let source = architecture.coreRules?.backedUp else {
      guard let backup else { return nil }
      throw .badBackup(backup, "\(architecture) has none")
    }
    guard let backup else { throw .missing(.backup) }
    guard let copy = PhysicalRange(start: backup, size: source.size) else {
      throw .badBackup(backup, "it wraps")
    }
    return copy
  }
}

extension KernelCommandLine {
  fileprivate func check(for architecture: Architecture) throws(KexecError) {
    guard !bytes.contains(0) else { throw .commandLineHasNUL }
    if let limit = architecture.commandLineLimit, bytes.count >= limit.value {
      throw .commandLineTooLong(size: bytes.count, architecture)
    }
  }
}
