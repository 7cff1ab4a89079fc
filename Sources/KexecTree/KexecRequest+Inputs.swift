// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
package import KexecFacts
import KexecMerge
import KexecRules
import PhysicalMemory

extension KexecRequest {
  /// Refuses inputs that no tree for this kernel may name.
  func checkInputs() throws(KexecError) {
    for input in inputs {
      if case .bytes = input.content { throw .badInput(input.input, "has no address", .caller) }
    }
    try checkInputNames()
    try checkIMABuffer()
    try checkKHO()
    try checkDiskKeys()
    try checkInitrd()
    try checkMemory()
  }

  /// The next kernel frees the buffer once it has read it: whole pages, used for nothing else.
  private func checkIMABuffer() throws(KexecError) {
    guard let range = range(of: .imaBuffer) else { return }
    try checkTakesIMABuffer()
    let pageSize = machine.possiblePageSizes[0]
    guard range.start.isMultiple(of: pageSize), range.size.isMultiple(of: pageSize) else {
      throw .badPlace(
        .imaBuffer, range, "is not of whole pages of \(pageSize) bytes",
        .linux("drivers/of/kexec.c", "ima_free_kexec_buffer"))
    }
  }

  /// Refuses an IMA buffer for a kernel that never looks for it
  /// (`drivers/of/kexec.c:ima_get_kexec_buffer`, `kernel/Kconfig.kexec:HAVE_IMA_KEXEC`), and for a crash kernel.
  package func checkTakesIMABuffer() throws(KexecError) {
    guard architecture.readsIMABuffer else {
      throw .unsupported(
        architecture: architecture,
        reason: """
          its kernels look for no measurements in a tree, and would never free their memory \
          (drivers/of/kexec.c:ima_get_kexec_buffer)
          """)
    }
    guard purpose == .kexec else {
      throw .badInput(
        .imaBuffer, "a crash kernel is given none",
        .linux("security/integrity/ima/ima_kexec.c", "ima_add_kexec_buffer"))
    }
  }

  private func checkKHO() throws(KexecError) {
    let (tree, scratch) = (range(of: .khoTree), range(of: .khoScratch))
    guard tree != nil || scratch != nil else { return }
    guard let tree, let scratch else {
      throw KexecError(.usage, "KHO takes both its tree and its list of scratch areas")
    }
    guard architecture.readsKHO else {
      throw .unsupported(
        architecture: architecture,
        reason: "its kernels have no KHO in their trees (ARCH_SUPPORTS_KEXEC_HANDOVER)")
    }
    guard purpose == .kexec else {
      throw .badInput(
        .khoTree, "a crash kernel is given none",
        .linux("kernel/liveupdate/kexec_handover.c", "kho_fill_kimage"))
    }
    guard machine.possiblePageSizes.contains(tree.size), tree.start.isMultiple(of: tree.size) else {
      throw .badPlace(
        .khoTree, tree, "is not one page", .linux("drivers/of/kexec.c", "kho_add_chosen"))
    }
    guard scratch.size.isMultiple(of: 16), scratch.start.isMultiple(of: 8) else {
      throw .badPlace(
        .khoScratch, scratch, "is not a list of addresses and sizes, 16 bytes each",
        .linux("kernel/liveupdate/kexec_handover.c", "kho_populate"))
    }
    guard scratch.size <= 256 << 10 else {
      throw .badPlace(
        .khoScratch, scratch, "is more than the kernel maps, 256 KiB",
        .linux("arch/arm64/include/asm/fixmap.h", "NR_FIX_BTMAPS"))
    }
  }

  /// Refuses property names that are malformed or not free for a caller, and inputs that are given twice.
  package func checkInputNames() throws(KexecError) {
    let names = extras.compactMap(\.input.property)
    // More than any caller has, and few enough to compare each with each.
    let limit = 1000
    guard names.count <= limit else {
      throw .tooMany(place: "extras", count: names.count, limit: limit)
    }
    for name in names {
      guard name.isPropertyName else {
        throw .badInput(
          .extra(name.utf8.visibleASCII(limit: 60)),
          "a property's name has letters, digits and , . _ + ? # -",
          .specification("2.2.4.1"))
      }
      guard !ChosenProperty.taken.contains(name) else {
        throw .badInput(.extra(name), "kernels have their own use for this property", .caller)
      }
    }
    guard inputs.count > 1 else { return }
    var known: Set<KexecInput> = []
    for input in inputs.map(\.input) where !known.insert(input).inserted {
      throw .badInput(input, "is given twice", .caller)
    }
  }

  private func checkDiskKeys() throws(KexecError) {
    guard self[.diskKeys] != nil, seeds.rng?.isEmpty != false else { return }
    throw .badInput(
      .diskKeys,
      "without an rng-seed the crash kernel has no /sys/firmware/fdt once it has read them",
      .linux("drivers/of/fdt.c", "of_fdt_raw_init"))
  }

  private func checkInitrd() throws(KexecError) {
    guard let initrd else { return }
    guard initrd.start != 0 else {
      throw .badInput(
        .initrd, "address 0 means no initrd to the kernel",
        .linux("drivers/of/kexec.c", "of_kexec_alloc_and_setup_fdt"))
    }
    if let limit = architecture.initrdLimit, initrd.end > limit.value {
      throw .badPlace(
        .initrd, initrd,
        "ends above \(hex(limit.value)), the highest address that a kernel for \(architecture) takes",
        limit.rule)
    }
  }

  /// Refuses inputs outside of RAM or of the crash kernel's memory, and those that overlap.
  private func checkMemory() throws(KexecError) {
    let ram = machine.systemRAM.map { PhysicalRangeSet($0) }
    let main = crash?.usableMemory.first
    let copy = try crash.flatMap { (crash) throws(KexecError) in
      try architecture.backup(at: crash.backup)
    }
    var taken = [(KexecInput.backup, copy), (.coreHeader, crash?.coreHeader)].compactMap {
      input, range in
      range.map { (input, $0) }
    }
    for placed in placed([.initrd]) + buffers {
      let (input, range) = (placed.input, placed.range)
      if ram?.contains(range) == false {
        throw .badPlace(input, range, "is not all in System RAM of /proc/iomem")
      }
      if input.isReserved, let main, !main.contains(range) {
        throw .badPlace(input, range, "is not in the crash kernel's main region, \(main)")
      }
      for (other, memory) in taken where memory.overlaps(range) {
        let place = other.isSecret ? "" : " at \(memory)"
        throw .badPlace(input, range, "overlaps the \(other)\(place)")
      }
      for memory in reservations where input.isReserved && memory.overlaps(range) {
        throw .badPlace(input, range, "overlaps the requested reservation at \(memory)")
      }
      taken.append((input, range))
    }
  }

  /// Refuses inputs in memory that the tree reserves for something else; KHO's are in no such memory.
  ///
  /// - Parameter reservations: those of the tree, without the last hand-over's.
  func checkInputsAreFree(
    in tree: DeviceTree, _ reservations: [AddressAndSize]
  ) throws(KexecError) {
    let inputs = (placed([.initrd]) + buffers).filter(\.input.isReserved)
    guard !inputs.isEmpty else { return }
    let kept = reservations.compactMap(\.memory).map { ("a memory reservation", $0) }
    for (keeper, memory) in kept + tree.reservedMemory() {
      for input in inputs where input.range.overlaps(memory) {
        throw .badPlace(input.input, input.range, "is in reserved memory: \(memory), \(keeper)")
      }
    }
  }
}

extension String {
  /// Whether it has only the characters of property names; kernels take longer names than the specification.
  fileprivate var isPropertyName: Bool {
    let marks = Set(",._+?#-".utf8)
    return 1...255 ~= utf8.count
      && utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        default: marks.contains(byte)
        }
      }
  }
}
