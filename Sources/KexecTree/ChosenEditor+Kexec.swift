// SPDX-License-Identifier: Apache-2.0

import DeviceTree
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
    for old in last.kept { keep(old.entry, reason: old.reason, rule: old.rule) }
    if !hasChosen {
      try addChosen(reason: "the next kernel looks for its hand-over there", rule: kexecRule)
    }
    if request.crash == nil { try removeCoreHeader() }
    try removeOldInitrd(for: request.initrd)
    try removeBuffers(for: request)

    try setInitrd(request.initrd)
    let buffers = request.buffers
    if request.crash != nil { try set(request.placed([.coreHeader])) }
    try set(buffers.filter { !$0.input.isWrittenLast })
    try setUsableMemory(request.crash)
    try setCommandLine(commandLine)
    try setSeeds(request.seeds)
    try set(
      ChosenProperty.bootedFromKexec, to: .empty, reason: "no firmware ran in between",
      rule: kexecRule)
    try set(buffers.filter(\.input.isWrittenLast))
    for range in request.reservations { reserve(range, reason: "requested", rule: .caller) }
    keepTheRest(besides: request.extraBuffers.map(\.property))
  }
}

// MARK: - What the last hand-over left

extension ChosenEditor {
  private mutating func removeCoreHeader() throws(DeviceTreeError) {
    try delete(
      ChosenProperty.coreHeader, reason: "the elfcorehdr was for the last crash kernel",
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

  /// Buffers do not outlive the kernel they were made for; a property that is written anew keeps its place.
  private mutating func removeBuffers(for request: KexecRequest) throws(DeviceTreeError) {
    let wanted = request.buffers.map(\.input)
    for input in KexecInput.buffers where !wanted.contains(input) {
      guard let name = input.property, last.value(of: name) != nil, let (reason, rule) = input.stale
      else { continue }
      try delete(name, reason: reason, rule: rule)
    }
    for name in ChosenProperty.historicBuffer {
      try delete(
        name, reason: "what \(ChosenProperty.imaBuffer) was called before it was merged",
        rule: .linux("drivers/of/kexec.c", "remove_ima_buffer"))
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
    reserve(initrd, reason: KexecInput.initrd.reason, rule: kexecRule)
  }

  private mutating func setUsableMemory(_ crash: CrashHandover?) throws(DeviceTreeError) {
    guard let crash else { return }
    try set(
      ChosenProperty.usableMemory, to: tuples(crash.usableMemory, ChosenProperty.usableMemory),
      reason: "all memory that the crash kernel may use: the main region first", rule: kexecRule)
  }

  /// Writes the properties of buffers, and reserves their memory to its exact size.
  private mutating func set(_ buffers: [PlacedInput]) throws(DeviceTreeError) {
    for buffer in buffers {
      let (input, range) = (buffer.input, buffer.range)
      try set(
        buffer.property, to: tuples([range], buffer.property), reason: input.reason,
        rule: input.writer)
      guard input.isReserved else { continue }
      reserve(range, reason: "the \(input)", rule: input.writer, isSecret: input.isSecret)
    }
  }

  /// Addresses and sizes in root cells.
  private func tuples(
    _ ranges: [PhysicalRange], _ property: String
  ) throws(DeviceTreeError) -> PropertyValue {
    var bytes: [UInt8] = []
    for range in ranges {
      guard let value = PropertyValue(AddressAndSize(range), cells: last.rootCells) else {
        throw DeviceTreeError(
          .badValue, node: ChosenProperty.node, property: property, value: range.start)
      }
      bytes += value.bytes
    }
    return PropertyValue(bytes: bytes)
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
    for (row, seed) in zip(Seeds.rows, seeds.values) {
      if let seed {
        try set(row.property, to: .init(bytes: seed), reason: row.reason, rule: kexecRule)
      } else {
        try delete(row.property, reason: "no seed requested", rule: kexecRule)
      }
    }
  }

  /// Lists the unknown properties that are passed on: one of them may be a hand-over that this package
  /// does not know.
  private mutating func keepTheRest(besides extras: [String]) {
    for property in last.properties where property.isNamed(ChosenProperty.keystorePassword) {
      keep(
        property, reason: "opens the platform's keystore, for the kernel that knows it",
        rule: .linux("arch/powerpc/platforms/pseries/plpks.c", "plpks_populate_fdt"))
    }
    for property in last.properties
    where property.name.hasPrefix("linux,") && !extras.contains(property.name) {
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
