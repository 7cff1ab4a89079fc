// SPDX-License-Identifier: Apache-2.0

import DeviceTree
package import KexecFacts
import KexecRules
package import PhysicalMemory

extension KexecRequest {
  /// Refuses what no tree can say, before anything is edited.
  func check(_ line: KernelCommandLine?) throws(KexecError) {
    if let line {
      guard !line.bytes.contains(0) else {
        throw KexecError(
          .usage, "the command line has a NUL byte; the kernel would end it there",
          about: .commandLine)
      }
      if let limit = architecture.commandLineLimit, line.bytes.count >= limit.value {
        throw .commandLineTooLong(size: line.bytes.count, architecture)
      }
    }
    if let size = seeds.kaslr?.count, size != Seeds.kaslrSize {
      throw KexecError(
        .usage,
        """
        /chosen: property '\(ChosenProperty.kaslrSeed)': \(size) bytes; the kernel reads exactly \
        \(Seeds.kaslrSize)
        """, about: .kaslrSeed)
    }
    try checkCrash()
    try checkInputs()
  }

  private func checkCrash() throws(KexecError) {
    guard let crash else {
      guard purpose == .kexec else {
        throw KexecError(.usage, "a crash kernel needs an elfcorehdr")
      }
      for input in KexecInput.all where input.purposes == [.crash] && self[input] != nil {
        throw KexecError(.usage, "the \(input) is for a crash kernel")
      }
      return
    }
    try crash.check(for: architecture, on: machine)
    guard case .given(let line) = commandLine, line.namesCoreHeader else { return }
    throw KexecError(
      .usage, "the command line has elfcorehdr=, which would win over the tree",
      about: .commandLine, rule: .linux("kernel/elfcorehdr.c", "setup_elfcorehdr"))
  }

  /// Refuses addresses that the root's cells cannot hold; the initrd's are written in 64 bits
  /// whatever they are (`drivers/of/fdt.c:early_init_dt_check_for_initrd`).
  func checkFits(_ tree: DeviceTree) throws(KexecError) {
    let placed = buffers + (crash == nil ? [] : placed([.coreHeader]))
    let usable = crash?.usableMemory ?? []
    guard !placed.isEmpty || !usable.isEmpty, let cells = try? tree.cellCounts(of: "/") else {
      return
    }
    let reason = """
      does not fit the tree's root cells: addresses of \(cells.address * 32) bits, sizes of \
      \(cells.size * 32) bits
      """
    let rule = Rule.linux("drivers/of/fdt.c", "early_init_dt_scan_root")
    func fits(_ range: PhysicalRange) -> Bool {
      PropertyValue(AddressAndSize(range), cells: cells) != nil
    }
    for placed in placed where !fits(placed.range) {
      throw .badPlace(placed.input, placed.range, reason, rule)
    }
    for range in usable where !fits(range) {
      throw KexecError(
        .usage, "usable memory \(range) \(reason)", about: .usableMemory, rule: rule)
    }
  }

  /// What could not be checked, and what the next kernel may not take.
  ///
  /// - Parameters:
  ///   - tree: as the caller edited it.
  ///   - cells: those of its root.
  func warnings(
    _ line: KernelCommandLine?, _ tree: DeviceTree, _ cells: CellCounts
  ) -> [Finding] {
    var warnings: [Finding] = []
    if let line, let limit = architecture.oldCommandLineLimit, line.bytes.count >= limit.value {
      warnings.append(
        Finding(
          "/chosen: bootargs",
          "\(line.bytes.count) bytes, of which older kernels keep \(limit.value - 1)",
          rule: limit.rule))
    }
    if self[.imaBuffer] != nil, architecture.stubTrees?.contains(tree) == true {
      warnings.append(
        Finding(
          "measurements", "a kernel that uses ACPI does not look for them in its tree",
          rule: .linux("arch/arm64/kernel/setup.c", "setup_arch")))
    }
    if self[.khoTree] != nil {
      warnings.append(
        Finding(
          "KHO", "kernel, initrd and tree must lie in scratch areas, which are not known here",
          rule: .linux("kernel/liveupdate/kexec_handover.c", "kho_locate_mem_hole")))
    }
    return warnings + (initrd.map { initrdWarnings($0, tree, cells) } ?? [])
  }

  /// The tree's own memory nodes may be the firmware's to fill in, so they refuse nothing.
  private func initrdWarnings(
    _ initrd: PhysicalRange, _ tree: DeviceTree, _ cells: CellCounts
  ) -> [Finding] {
    if machine.systemRAM != nil {
      return (tree.isOfUEFI ? machine.reserved.filter(initrd.overlaps) : []).map {
        Finding(
          "initrd", "in \($0), which this kernel has reserved: the firmware's tables may be there",
          rule: .linux("drivers/firmware/efi/efi.c", "efi_config_parse_tables"))
      }
    }
    let memory = tree.memoryNodes(cells, named: "memory").flatMap(\.ranges)
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
}

extension CrashHandover {
  /// Refuses more ranges than are read, and a wrong order; returns the main one.
  ///
  /// - Parameter subject: where they come from: the caller, or the machine.
  @discardableResult
  package static func checkUsable(
    _ ranges: [PhysicalRange], of subject: KexecError.Subject = .usableMemory
  ) throws(KexecError) -> PhysicalRange {
    func refusal(_ text: String) -> KexecError {
      KexecError(
        subject == .usableMemory ? .usage : .notOffered, text, about: subject,
        rule: .linux("drivers/of/fdt.c", "early_init_dt_check_for_usable_mem_range"))
    }
    guard let main = ranges.first, ranges.count <= mostUsableRanges else {
      throw refusal(
        """
        \(ranges.count) ranges of usable memory; a crash kernel reads 1 or 2, and with none takes all \
        of RAM and destroys the dump
        """)
    }
    if let low = ranges.dropFirst().first, low.start > main.start || low.overlaps(main) {
      throw refusal(
        """
        usable memory \(main), then \(low): the main region is the higher one, comes first, and \
        does not overlap the low one
        """)
    }
    return main
  }

  /// Refuses what would cost the dump: memory that is not the crash kernel's, or a wrong order.
  fileprivate func check(
    for architecture: Architecture, on machine: MachineSnapshot
  ) throws(KexecError) {
    let main = try Self.checkUsable(usableMemory)
    guard architecture.readsUsableRange || usableMemory.count == 1 else {
      throw .unsupported(
        architecture: architecture, reason: "its crash kernels have one range of usable memory")
    }
    let regions = machine.crashRegions
    for range in usableMemory
    where !regions.isEmpty && !regions.contains(where: { $0.contains(range) }) {
      throw KexecError(
        .usage, "usable memory \(range) is not in the memory set apart for the crash kernel",
        about: .usableMemory)
    }
    guard main.contains(coreHeader) else {
      throw .badPlace(
        .coreHeader, coreHeader, "is not in the crash kernel's main region, \(main)")
    }
    // A header of one note and one range of memory.
    guard coreHeader.start.isMultiple(of: machine.pageSize ?? 4096), coreHeader.size >= 176,
      coreHeader.size < main.size
    else {
      throw .badPlace(
        .coreHeader, coreHeader,
        "does not start on a page, has less than 176 bytes, or leaves no room")
    }
    guard let copy = try architecture.backup(at: backup) else { return }
    guard main.contains(copy) else {
      throw .badBackup(copy.start, "\(copy) is not in the main crash region, \(main)")
    }
    guard !copy.overlaps(coreHeader) else {
      throw .badBackup(copy.start, "\(copy) overlaps the elfcorehdr at \(coreHeader)")
    }
  }
}

extension Architecture {
  /// The copy of the memory that a crash kernel itself runs in; nil for an architecture without one.
  ///
  /// - Parameter address: where the copy is; nil if that is not known.
  package func backup(at address: UInt64?) throws(KexecError) -> PhysicalRange? {
    guard let source = coreRules?.backedUp else {
      guard let address else { return nil }
      throw .badBackup(address, "\(self) has none")
    }
    guard let address else { throw .missing(.backup) }
    guard let copy = PhysicalRange(start: address, size: source.size), !copy.overlaps(source) else {
      throw .badBackup(address, "it wraps, or overlaps \(source)")
    }
    return copy
  }
}
