// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecCheck
import KexecFacts
import KexecMerge
import KexecRules
import PhysicalMemory

/// The kernel function whose work is done here.
private let kexecRule = LastHandover.rule

extension ChosenEditor {
  /// Turns the running kernel's tree into the next one's: first nothing of the last hand-over is
  /// left, then the new one is written.
  mutating func prepareForKexec(
    _ request: KexecRequest, _ commandLine: KernelCommandLine?
  ) throws(DeviceTreeError) {
    noteDoubtfulReservations()
    try addChosenIfMissing()
    try removeCoreHeader(for: request.crash)
    try removeOldInitrd(for: request.initrd)
    try removeBuffers(for: request)

    try setInitrd(request.initrd)
    try setCrash(request.crash, request.buffers(.diskKeys))
    try set(request.buffers(.khoTree, .khoScratch))
    try setCommandLine(commandLine)
    try setSeeds(request.seeds)
    try markBootedFromKexec()
    try set(request.buffers(.imaBuffer) + request.extraBuffers)
    reserve(request.reservations)
    noteWhatStays(besides: request.extraBuffers.map(\.property))
  }
}

// MARK: - What the last hand-over left

extension ChosenEditor {
  private mutating func noteDoubtfulReservations() {
    for old in last.doubtful { keep(old.entry, reason: old.reason, rule: old.rule) }
  }

  private mutating func addChosenIfMissing() throws(DeviceTreeError) {
    guard !hasChosen else { return }
    try addChosen(reason: "the next kernel looks for its hand-over there", rule: kexecRule)
  }

  private mutating func removeCoreHeader(for next: CrashHandover?) throws(DeviceTreeError) {
    guard next == nil else { return }
    try delete(
      ChosenProperty.coreHeader, reason: "the core header was for the last crash kernel",
      rule: .linux("drivers/of/fdt.c", "early_init_dt_check_for_elfcorehdr"))
    try delete(
      ChosenProperty.usableMemory, reason: "would cap an ordinary kernel to the old crash region",
      rule: .linux("drivers/of/fdt.c", "early_init_dt_check_for_usable_mem_range"))
  }

  private mutating func removeOldInitrd(for next: PhysicalRange?) throws(DeviceTreeError) {
    guard last.value(of: ChosenProperty.initrdStart) != nil else {
      try delete(
        ChosenProperty.initrdEnd, reason: "an initrd's end without its start", rule: kexecRule)
      return
    }
    guard next == nil else { return }
    for name in ChosenProperty.initrd {
      try delete(name, reason: "the last initrd is not passed on", rule: kexecRule)
    }
  }
}

// MARK: - What the next kernel is given

extension ChosenEditor {
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
    if last.value(of: name) == value {
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
      try delete(name, reason: "no seed requested", rule: kexecRule)
    }
  }

  private mutating func markBootedFromKexec() throws(DeviceTreeError) {
    try set(
      ChosenProperty.bootedFromKexec, to: .empty, reason: "no firmware ran in between",
      rule: kexecRule)
  }

  private mutating func reserve(_ ranges: [PhysicalRange]) {
    for range in ranges {
      reserve(range, reason: "requested", rule: .caller)
    }
  }

  /// Says which unknown properties go on to the next kernel: one of them may be hand-over state
  /// that this package has not heard of.
  private mutating func noteWhatStays(besides extras: [String]) {
    for property in last.properties where property.name == ChosenProperty.keystorePassword {
      keep(
        property, reason: "opens the platform's keystore, for the kernel that knows it",
        rule: .linux("arch/powerpc/platforms/pseries/plpks.c", "plpks_populate_fdt"))
    }
    let others = last.properties.filter { !extras.contains($0.name) }
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
