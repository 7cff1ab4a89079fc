// SPDX-License-Identifier: Apache-2.0

public import PhysicalMemory

/// Bytes of the caller's own that lie in memory and that the next kernel, or a module of it, finds by a
/// property of `/chosen`: address and size, in root cells. The memory is reserved.
public struct ExtraBuffer: Hashable, Sendable {
  /// The property of `/chosen`.
  public var name: String
  /// Where the bytes are, to their exact size.
  public var range: PhysicalRange

  /// Bytes that a property tells of.
  public init(name: String, range: PhysicalRange) {
    self.name = name
    self.range = range
  }
}

/// What KHO, the kexec hand-over of a live update, tells the next kernel: always both
/// (`drivers/of/kexec.c:kho_add_chosen`).
///
/// Only the running kernel knows the addresses, and which memory the scratch areas are that everything
/// else has to be loaded to: this is for those who have them from it.
public struct LiveUpdateHandover: Hashable, Sendable {
  /// The tree of what is preserved: one page.
  public var tree: PhysicalRange
  /// The list of scratch areas: 16 bytes each, address and size.
  public var scratch: PhysicalRange

  /// Both addresses.
  public init(tree: PhysicalRange, scratch: PhysicalRange) {
    self.tree = tree
    self.scratch = scratch
  }
}

/// Something that a hand-over tells of; later versions may have more.
public enum HandoverPart: Hashable, Sendable {
  /// The initrd.
  case initrd
  /// The core header.
  case coreHeader
  /// IMA's list of measurements.
  case measurements
  /// KHO's tree of what is preserved.
  case liveUpdateTree
  /// KHO's list of scratch areas.
  case liveUpdateScratch
  /// The keys of encrypted disks.
  case diskKeys
  /// Bytes of the caller's own, by the property that tells of them.
  case extra(String)
}

extension HandoverPart: CustomStringConvertible {
  /// What people call it.
  public var description: String {
    switch self {
    case .initrd: "initrd"
    case .coreHeader: "core header"
    case .measurements: "measurement list"
    case .liveUpdateTree: "KHO tree"
    case .liveUpdateScratch: "list of KHO scratch areas"
    case .diskKeys: "disk keys"
    case .extra(let name): "extra \(name)"
    }
  }
}

/// A property of `/chosen` that holds address and size of memory, and the reservation of that memory.
struct HandoverBuffer {
  let part: HandoverPart
  let property: String
  let range: PhysicalRange
  /// Why the property is there.
  let reason: String
  /// Who writes it.
  let writer: Rule
  /// Who reads it.
  let reader: Rule
  /// Whether the memory is reserved, to its exact size.
  var isReserved = true
  /// Whether nobody is told where it is.
  var isSecret: Bool { ChosenProperty.secrets.contains(property) }
  /// The memory, as messages call it; that of secrets is not told.
  var place: String { isSecret ? "its memory" : "\(range)" }
}

private let setup = Rule.linux("drivers/of/kexec.c", "of_kexec_alloc_and_setup_fdt")

extension Handover {
  /// All of them, in the order in which the kernel writes them; those of the caller are last.
  var buffers: [HandoverBuffer] {
    [crash?.diskKeysBuffer].compactMap { $0 } + (liveUpdate?.buffers ?? [])
      + [measurementsBuffer].compactMap { $0 } + extraBuffers
  }

  var measurementsBuffer: HandoverBuffer? {
    measurements.map {
      HandoverBuffer(
        part: .measurements, property: ChosenProperty.imaBuffer, range: $0,
        reason: """
          the measurement list, which a kernel with CONFIG_KEXEC_FILE takes and frees; what is measured \
          after it was read is missing: it will not match PCR 10 of a TPM, so that a remote verifier does \
          not accept it; and a kernel under lockdown refuses kexec_load anyway
          """,
        writer: .linux("drivers/of/kexec.c", "setup_ima_buffer"),
        reader: .linux("drivers/of/kexec.c", "ima_get_kexec_buffer"))
    }
  }

  var extraBuffers: [HandoverBuffer] {
    extras.map {
      HandoverBuffer(
        part: .extra($0.name), property: $0.name, range: $0.range, reason: "asked for",
        writer: .caller, reader: .caller)
    }
  }
}

extension LiveUpdateHandover {
  var buffers: [HandoverBuffer] {
    let writer = Rule.linux("drivers/of/kexec.c", "kho_add_chosen")
    let reader = Rule.linux("drivers/of/fdt.c", "early_init_dt_check_kho")
    return [
      HandoverBuffer(
        part: .liveUpdateTree, property: ChosenProperty.liveUpdateTree, range: tree,
        reason: "what is preserved over the kexec", writer: writer, reader: reader,
        isReserved: false),
      HandoverBuffer(
        part: .liveUpdateScratch, property: ChosenProperty.liveUpdateScratch, range: scratch,
        reason: "the memory to boot in meanwhile", writer: writer, reader: reader,
        isReserved: false),
    ]
  }
}

extension CrashHandover {
  var diskKeysBuffer: HandoverBuffer? {
    diskKeys.map {
      HandoverBuffer(
        part: .diskKeys, property: ChosenProperty.diskKeys, range: $0,
        reason: "keys of encrypted disks, to save the dump on", writer: setup,
        reader: .linux("drivers/of/fdt.c", "early_init_dt_check_for_dmcryptkeys"))
    }
  }
}
