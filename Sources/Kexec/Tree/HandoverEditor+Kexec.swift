// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import PhysicalMemory

/// The kernel function whose work is done here.
private let kexecRule = Rule.linux("drivers/of/kexec.c", "of_kexec_alloc_and_setup_fdt")

extension HandoverEditor {
  /// Turns the running kernel's tree into the next one's: first nothing of the last hand-over is
  /// left, then the new one is written.
  mutating func prepareForKexec(
    _ handover: Handover, _ commandLine: KernelCommandLine?
  ) throws(DeviceTreeError) {
    releaseOwnReservation()
    try addChosenIfMissing()
    try removeCoreHeader(for: handover.crash)
    try removeUsableMemory(for: handover.crash)
    try removeOldInitrd(for: handover.initrd)
    try removeBuffers(for: handover)

    try setInitrd(handover.initrd)
    try setCrash(handover.crash, handover.buffers(.diskKeys))
    try set(handover.buffers(.khoTree, .khoScratch))
    try setCommandLine(commandLine)
    try setSeeds(handover.seeds)
    try markBootedFromKexec()
    try set(handover.buffers(.imaBuffer) + handover.extraBuffers)
    reserve(handover.reservations)
    noteWhatStays(besides: handover.extras.map(\.name))
  }
}

// MARK: - What the last hand-over left

extension HandoverEditor {
  /// The running kernel's tree may be reserved by whoever placed it.
  ///
  /// The kernel knows where its tree is and deletes exactly that entry; user space can only tell by
  /// the size. An odd size that matches inside memory the kernel keeps is its tree; a size in whole
  /// pages could be firmware's, and a reservation too many costs little, so that one stays.
  private mutating func releaseOwnReservation() {
    let pageSize = machine.possiblePageSizes[0]
    let pages = roundUp(UInt64(sourceSize), to: pageSize)
    for entry in foundReservations where [UInt64(sourceSize), pages].contains(entry.size) {
      guard let range = entry.range, machine.reserved.contains(where: { $0.contains(range) })
      else { continue }
      if entry.size == sourceSize, !entry.size.isMultiple(of: pageSize) {
        release(
          entry, reason: "a guess: as large as the running kernel's tree, which is not passed on",
          rule: kexecRule)
      } else {
        keep(
          entry, reason: "may be the running kernel's tree or firmware's memory; harmless",
          rule: kexecRule)
      }
    }
  }

  private mutating func addChosenIfMissing() throws(DeviceTreeError) {
    guard !hasChosen else { return }
    try addChosen(reason: "the next kernel looks for its hand-over there", rule: kexecRule)
  }

  private mutating func removeCoreHeader(for next: CrashHandover?) throws(DeviceTreeError) {
    let reason = "the core header was for the last crash kernel"
    let rule = Rule.linux("drivers/of/fdt.c", "early_init_dt_check_for_elfcorehdr")
    release(bufferOf: ChosenProperty.coreHeader, reason: reason, rule: rule)
    if next == nil { try delete(ChosenProperty.coreHeader, reason: reason, rule: rule) }
  }

  private mutating func removeUsableMemory(for next: CrashHandover?) throws(DeviceTreeError) {
    guard next == nil else { return }
    try delete(
      ChosenProperty.usableMemory, reason: "would cap an ordinary kernel to the old crash region",
      rule: .linux("drivers/of/fdt.c", "early_init_dt_check_for_usable_mem_range"))
  }

  /// The reservation of the last initrd may be exact, as kexec writes it, or in whole pages, as
  /// firmware does.
  private mutating func removeOldInitrd(for next: PhysicalRange?) throws(DeviceTreeError) {
    releaseOldInitrd(of: oldProperties)
    releaseOldInitrd(of: found)
    guard let start = foundValue(of: ChosenProperty.initrdStart) else {
      try delete(
        ChosenProperty.initrdEnd, reason: "an initrd's end without its start", rule: kexecRule)
      return
    }
    guard start.number != nil else {
      throw DeviceTreeError(
        .badValue, node: ChosenProperty.node, property: ChosenProperty.initrdStart)
    }
    guard foundValue(of: ChosenProperty.initrdEnd)?.number != nil else {
      throw DeviceTreeError(
        .badValue, node: ChosenProperty.node, property: ChosenProperty.initrdEnd)
    }
    if next == nil {
      for name in [ChosenProperty.initrdStart, ChosenProperty.initrdEnd] {
        try delete(name, reason: "the last initrd is not passed on", rule: kexecRule)
      }
    }
  }

  private mutating func releaseOldInitrd(of properties: [Property]) {
    guard let start = properties.first(where: { $0.name == ChosenProperty.initrdStart }),
      let end = properties.first(where: { $0.name == ChosenProperty.initrdEnd }),
      let first = start.value.number, let end = end.value.number, first < end
    else { return }
    let sizes = [end - first] + machine.possiblePageSizes.map { roundUp(end - first, to: $0) }
    _ = sizes.contains { size in
      release(
        AddressAndSize(address: first, size: size),
        reason: "was the last initrd's, which is not passed on", rule: kexecRule)
    }
  }
}

// MARK: - What the next kernel is told

extension HandoverEditor {
  /// Both addresses are written in 8 bytes whatever the cells; the end is not rounded.
  private mutating func setInitrd(_ initrd: PhysicalRange?) throws(DeviceTreeError) {
    guard let initrd else { return }
    try set(
      ChosenProperty.initrdStart, to: .u64(initrd.start), reason: "the initrd's first byte",
      rule: kexecRule)
    try set(
      ChosenProperty.initrdEnd, to: .u64(initrd.end), reason: "the byte after the initrd's last",
      rule: kexecRule)
    reserve(initrd, reason: "the initrd, to its exact size", rule: kexecRule)
  }

  private mutating func setCrash(
    _ crash: CrashHandover?, _ keys: [PlacedInput]
  ) throws(DeviceTreeError) {
    guard let crash else { return }
    try set(
      ChosenProperty.coreHeader, to: tuples([crash.coreHeader], ChosenProperty.coreHeader),
      reason: "the core header that /proc/vmcore is made of", rule: kexecRule)
    reserve(crash.coreHeader, reason: "the core header", rule: kexecRule)
    try set(keys)
    try set(
      ChosenProperty.usableMemory, to: tuples(crash.usableMemory, ChosenProperty.usableMemory),
      reason: "all memory that the crash kernel may use: the main region first", rule: kexecRule)
  }

  private mutating func setCommandLine(_ commandLine: KernelCommandLine?) throws(DeviceTreeError) {
    let name = ChosenProperty.commandLine
    guard let commandLine else {
      try delete(name, reason: "no command line: the next kernel uses its own", rule: kexecRule)
      return
    }
    let value = PropertyValue(bytes: commandLine.bytes + [0])
    if foundValue(of: name) == value {
      keep(Property(name, value), reason: "the command line is the same", rule: kexecRule)
    }
    try set(name, to: value, reason: "the next kernel's command line", rule: kexecRule)
  }

  /// The kernel wipes its own seeds; without new ones the next kernel stays where it is loaded.
  private mutating func setSeeds(_ seeds: Seeds) throws(DeviceTreeError) {
    try setSeed(
      ChosenProperty.kaslrSeed, seeds.kaslr, reason: "fresh, so that the next kernel moves itself")
    try setSeed(
      ChosenProperty.rngSeed, seeds.rng, reason: "fresh, for the random number generator")
  }

  private mutating func setSeed(
    _ name: String, _ seed: [UInt8]?, reason: String
  ) throws(DeviceTreeError) {
    if let seed {
      try set(name, to: PropertyValue(bytes: seed), reason: reason, rule: kexecRule)
    } else {
      try delete(name, reason: "asked for no seed", rule: kexecRule)
    }
  }

  private mutating func markBootedFromKexec() throws(DeviceTreeError) {
    try set(
      ChosenProperty.bootedFromKexec, to: .empty, reason: "no firmware ran in between",
      rule: kexecRule)
  }

  private mutating func reserve(_ ranges: [PhysicalRange]) {
    for range in ranges {
      reserve(range, reason: "asked for", rule: .caller)
    }
  }

  /// Says which unknown properties go on to the next kernel: one of them may be hand-over state
  /// that this package has not heard of.
  private mutating func noteWhatStays(besides extras: [String]) {
    for property in found where property.name == ChosenProperty.keystorePassword {
      keep(
        property, reason: "opens the platform's keystore, for the kernel that knows it",
        rule: .linux("arch/powerpc/platforms/pseries/plpks.c", "plpks_populate_fdt"))
    }
    let others = found.filter { !extras.contains($0.name) }
    for property in others where property.name.hasPrefix("linux,") {
      if ChosenProperty.uefi.contains(property.name) {
        keep(
          property, reason: "the next kernel finds UEFI and its memory map by it",
          rule: .linux("drivers/firmware/efi/fdtparams.c", "efi_get_fdt_params"))
      } else if !ChosenProperty.known.contains(property.name) {
        keep(property, reason: "not known here, so left alone", rule: kexecRule)
      }
    }
  }
}

/// The next multiple of a page size, which is a power of two; saturates.
private func roundUp(_ size: UInt64, to pageSize: UInt64) -> UInt64 {
  let (sum, overflow) = size.addingReportingOverflow(pageSize - 1)
  return overflow ? .max : sum & ~(pageSize - 1)
}
