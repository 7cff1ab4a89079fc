// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import KexecCheck
package import KexecFacts
import KexecMerge
package import KexecRules
import PhysicalMemory

// Inputs besides initrd and core header: what no kernel could take is refused.
extension KexecRequest {
  /// Refuses what no tree for this kernel may say.
  func checkBuffers() throws(KexecError) {
    try checkPlaces()
    try checkIMABuffer()
    try checkKHO()
    try checkExtras()
    try checkDiskKeys()
    let ram = machine.systemRAM.map { PhysicalRangeSet($0) }
    for (number, buffer) in buffers.enumerated() {
      if ram?.contains(buffer.range) == false {
        throw buffer.bad("is not all in System RAM of /proc/iomem")
      }
      if buffer.input.isReserved, let main = crash?.usableMemory.first, !main.contains(buffer.range)
      {
        throw buffer.bad("is not in the crash kernel's main region, \(main)")
      }
      try checkIsApart(buffer, from: buffers[..<number])
    }
  }

  /// A tree says where something lies: it has a place by now, and one only.
  private func checkPlaces() throws(KexecError) {
    for (number, input) in inputs.enumerated() {
      if case .bytes = input.content {
        throw .badPart(input.input, reason: "has no address", .caller)
      }
      guard !input.input.isExtra, inputs[..<number].contains(where: { $0.input == input.input })
      else { continue }
      throw .badPart(input.input, reason: "there are two of it", .caller)
    }
  }

  /// The next kernel frees what it has read, to exactly the given size: memory in whole pages,
  /// which is used for nothing else.
  private func checkIMABuffer() throws(KexecError) {
    guard let buffer = buffers(.imaBuffer).first else { return }
    guard architecture.readsIMABuffer else { throw .noIMABuffer(on: architecture) }
    guard purpose == .kexec else { throw .noIMABufferForCrash }
    let pageSize = machine.possiblePageSizes[0]
    guard buffer.range.start.isMultiple(of: pageSize), buffer.range.size.isMultiple(of: pageSize)
    else {
      throw .badPart(
        buffer.input, reason: "\(buffer.range) is not of whole pages of \(pageSize) bytes",
        .linux("drivers/of/kexec.c", "ima_free_kexec_buffer"))
    }
  }

  private func checkKHO() throws(KexecError) {
    let (tree, scratch) = (range(of: .khoTree), range(of: .khoScratch))
    guard tree != nil || scratch != nil else { return }
    guard let tree, let scratch else {
      throw KexecError(.usage, "KHO: the tree and the scratch areas, both or none")
    }
    let fill = Rule.linux("kernel/liveupdate/kexec_handover.c", "kho_fill_kimage")
    guard architecture.readsKHO else {
      throw .unsupported(
        architecture: architecture,
        reason: "its kernels have no KHO in their trees (ARCH_SUPPORTS_KEXEC_HANDOVER)")
    }
    guard purpose == .kexec else {
      throw .badPart(.khoTree, reason: "a crash kernel is given none", fill)
    }
    guard machine.possiblePageSizes.contains(tree.size), tree.start.isMultiple(of: tree.size) else {
      throw .badPart(
        .khoTree, reason: "\(tree) is not one page",
        .linux("drivers/of/kexec.c", "kho_add_chosen"))
    }
    guard scratch.size.isMultiple(of: 16), scratch.start.isMultiple(of: 8) else {
      throw .badPart(
        .khoScratch, reason: "\(scratch) is no list of addresses and sizes, 16 bytes each",
        .linux("kernel/liveupdate/kexec_handover.c", "kho_populate"))
    }
    guard scratch.size <= 256 << 10 else {
      throw .badPart(
        .khoScratch, reason: "\(scratch) is more than the kernel maps, 256 KiB",
        .linux("arch/arm64/include/asm/fixmap.h", "NR_FIX_BTMAPS"))
    }
  }

  private func checkDiskKeys() throws(KexecError) {
    guard self[.diskKeys] != nil, seeds.rng?.isEmpty != false else { return }
    throw .badPart(
      .diskKeys,
      reason:
        "without an rng-seed the crash kernel has no /sys/firmware/fdt once it has taken them",
      .linux("drivers/of/fdt.c", "of_fdt_raw_init"))
  }

  private func checkIsApart(
    _ buffer: PlacedInput, from others: ArraySlice<PlacedInput>
  ) throws(KexecError) {
    let backedUp = architecture.coreRules?.backedUp?.size ?? 0
    let backup = crash?.backup.flatMap { PhysicalRange(start: $0, size: backedUp) }
    let own = [
      ("the initrd", initrd), ("the core header", crash?.coreHeader), ("the backup", backup),
    ]
    let requested = reservations.map { ("a requested reservation", Optional($0)) }
    for case (let name, let other?) in own + (buffer.input.isReserved ? requested : [])
    where buffer.range.overlaps(other) {
      throw buffer.bad("overlaps \(name) at \(other)")
    }
    for other in others where buffer.range.overlaps(other.range) {
      throw buffer.bad(
        "overlaps the \(other.input)" + (other.input.isSecret ? "" : " at \(other.range)"))
    }
  }

  /// Refuses memory that the tree reserves for something else; KHO's lies in no such memory.
  ///
  /// - Parameter reservations: those of the tree, without the last hand-over's.
  func checkBuffersAreFree(
    in tree: DeviceTree, _ reservations: [AddressAndSize]
  ) throws(KexecError) {
    let buffers = buffers.filter(\.input.isReserved)
    guard !buffers.isEmpty else { return }
    let kept = reservations.compactMap(\.memory).map { ("a memory reservation", $0) }
    for (keeper, memory) in kept + tree.reservedMemory() {
      for buffer in buffers where buffer.range.overlaps(memory) {
        throw buffer.bad("is in memory that is kept: \(memory), \(keeper)")
      }
    }
  }

  /// What a kernel will not look for, and what cannot be known here.
  func bufferWarnings(_ tree: DeviceTree) -> [Finding] {
    var warnings: [Finding] = []
    if self[.imaBuffer] != nil, architecture.stubTrees?.contains(tree) == true {
      warnings.append(
        Finding(
          "measurements", "a kernel that goes by ACPI does not look for them in its tree",
          rule: .linux("arch/arm64/kernel/setup.c", "setup_arch")))
    }
    if self[.khoTree] != nil {
      warnings.append(
        Finding(
          "KHO", "kernel, initrd and tree have to lie in scratch areas, which are not known here",
          rule: .linux("kernel/liveupdate/kexec_handover.c", "kho_locate_mem_hole")))
    }
    return warnings
  }
}

extension PlacedInput {
  /// A place that it cannot have.
  fileprivate func bad(_ reason: String) -> KexecError {
    .badPart(input, reason: "\(place) \(reason)", input.reader)
  }
}

extension KexecError {
  /// The list of measurements for a kernel that never looks for it
  /// (`drivers/of/kexec.c:ima_get_kexec_buffer`, `kernel/Kconfig.kexec:HAVE_IMA_KEXEC`).
  package static func noIMABuffer(on architecture: Architecture) -> KexecError {
    .unsupported(
      architecture: architecture,
      reason: """
        its kernels look for no measurements in a tree, and would never free their memory \
        (drivers/of/kexec.c:ima_get_kexec_buffer)
        """)
  }

  package static let noIMABufferForCrash = KexecError.badPart(
    .imaBuffer, reason: "a crash kernel is given none",
    .linux("security/integrity/ima/ima_kexec.c", "ima_add_kexec_buffer"))
}
