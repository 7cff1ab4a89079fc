// SPDX-License-Identifier: Apache-2.0

import CrashCore
import DeviceTree
import ELF
import Kexec
import PhysicalMemory
import RunningKernel
import SystemPackage
import TestSupport
import Testing

/// Seeds that are recognized when they turn up where they should not.
let fixedSeeds = Seeds(kaslr: Array(1...8), rng: (0..<128).map { UInt8($0 ^ 0x5a) })

/// An initrd that is free in all our own sources.
let someInitrd = range(0x5000_0000, 0x12_3456)

func range(_ start: UInt64, _ size: UInt64) -> PhysicalRange {
  guard let range = PhysicalRange(start: start, size: size) else { preconditionFailure("a range") }
  return range
}

/// A tree of `dts/`.
func source(_ name: String) throws -> DeviceTree {
  try DeviceTree(blob: Fixtures.blob(name))
}

/// The tree for the next kernel, opened again.
func patched(
  _ base: DeviceTree, for architecture: Architecture = .arm64, edits: [TreeEdit] = [],
  _ handover: KexecRequest = KexecRequest(commandLine: "console=ttyAMA0", seeds: fixedSeeds),
  on machine: MachineSnapshot = MachineSnapshot()
) throws -> DeviceTree {
  let next = try NextTree(
    from: base, edits: edits, for: architecture, handover: handover, machine: machine)
  return try DeviceTree(blob: next.blob)
}

extension KexecRequest.Input {
  /// Bytes of the caller's own.
  init(name: String, bytes: [UInt8]) { self.init(.extra(name), .bytes(bytes)) }
}

/// What a crash kernel is given besides.
struct Crash {
  var coreHeader: PhysicalRange
  var usableMemory: [PhysicalRange]
  var backup: UInt64?
}

extension KexecRequest {
  /// A request whose tree and machine are still to be given.
  init(
    commandLine: CommandLineChoice = .ofTree(), initrd: PhysicalRange? = nil,
    reservations: [PhysicalRange] = [], seeds: Seeds, crash: Crash? = nil
  ) {
    self.init(.other, tree: nil, commandLine: commandLine, seeds: seeds)
    self[.initrd] = initrd.map(Content.at)
    self.reservations = reservations
    if let crash { set(crash) }
  }

  /// Makes it one for a crash kernel.
  mutating func set(_ crash: Crash) {
    purpose = .crash
    self[.coreHeader] = .at(crash.coreHeader)
    self[.backup] = crash.backup.map { .at(range($0, 0x1_0000)) }
    usableMemory = crash.usableMemory
  }

  /// Where the initrd lies.
  var initrdRange: PhysicalRange? { place(.initrd) }
  /// Where the core header lies.
  var coreHeaderRange: PhysicalRange? { place(.coreHeader) }

  private func place(_ input: KexecInput) -> PhysicalRange? {
    if case .at(let range)? = self[input] { range } else { nil }
  }
}

extension NextTree {
  /// The next kernel's tree of a base, for a request without one.
  init(
    from base: DeviceTree, edits: [TreeEdit] = [], for architecture: Architecture,
    handover: KexecRequest, machine: MachineSnapshot = MachineSnapshot()
  ) throws(KexecError) {
    var request = handover
    (request.tree, request.edits, request.machine) = (base, edits, machine)
    request.architecture = architecture
    try self.init(request)
  }
}

extension DeviceTree {
  mutating func replaceReservations(with entries: [AddressAndSize]) throws {
    for entry in reservations { try deleteReservation(entry) }
    for entry in entries { try addReservation(entry) }
  }
}

extension RunningKernel {
  func crashRegions() throws -> [PhysicalRange] {
    try snapshot(of: .crashRegions).$crashRegions.ifPresent
  }
}

/// What dtfix knows about a captured machine.
func facts(of machine: RunningKernel) throws -> MachineSnapshot {
  var facts = machine.snapshot(of: [.kernel, .memory, .crashRegions])
  guard facts.architectureName.flatMap(Architecture.init) == .ppc64 else { return facts }
  facts.read([.liveTree, .pageTables])
  return facts
}

/// What `dtfix elfcorehdr` knows about a captured machine.
func crashFacts(of machine: RunningKernel) throws -> MachineSnapshot {
  var facts = machine.snapshot(of: [
    .memory, .core, .crashRegions, .crashCMARanges, .firmware, .cpuNotes, .vmcoreinfoNote,
  ])
  facts.excluded = facts.crashRegions + facts.crashCMARanges
  return facts
}

/// What is known about a captured machine that may crash, by its folder.
func crashFacts(of name: String) throws -> MachineSnapshot {
  try crashFacts(of: RunningKernel(root: FilePath(try Fixtures.machine(name))))
}

/// Something that is done to a subject, and what is said of it then.
struct Alteration<Subject>: Sendable {
  let text: String
  let make: @Sendable (inout Subject) -> Void

  init(_ text: String, _ make: @escaping @Sendable (inout Subject) -> Void) {
    self.text = text
    self.make = make
  }
}

extension DeviceTree {
  func chosen(_ name: String) throws -> PropertyValue? {
    try property(name, of: "/chosen")
  }
}

extension TreeComparison.Difference {
  /// Whether it is about a random property.
  var isOfSeed: Bool {
    guard case .property(let name, "/chosen", _, _) = self else { return false }
    return name == "kaslr-seed" || name == "rng-seed"
  }
}
