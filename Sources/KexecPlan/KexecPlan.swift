// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
package import ELF
public import KernelImage
public import KexecCheck
public import KexecFacts
public import KexecRules
public import KexecTree
public import PhysicalMemory

/// A whole kexec: the segments, their addresses and the entry; the arguments of kexec_load(2).
///
/// It is made by the rules of `kexec_file_load`, and read back by a `PlanCheck`: kexec_load(2) accepts almost
/// any address.
public struct KexecPlan: Hashable, Sendable {
  /// One segment that kexec copies.
  public struct Segment: Hashable, Sendable {
    /// The kind of segment.
    public let kind: SegmentKind
    /// The memory it gets, in whole pages: `mem` and `memsz`.
    public let range: PhysicalRange
    /// Its bytes, `buf` and `bufsz`; the rest of its memory is zero.
    public let bytes: [UInt8]
  }

  /// The architecture of both kernels.
  public let architecture: Architecture
  /// What the next kernel is started for.
  public let purpose: Purpose
  /// The physical address that is jumped to.
  public let entry: UInt64
  /// The segments, in rising order of their addresses.
  public let segments: [Segment]
  /// How each segment got its place, in the order in which they got them.
  public let placements: [Placement]
  /// The tree; nil where the next kernel takes none.
  public let tree: NextTree?
  /// The command line in place of a tree; nil where the tree has it.
  public let commandLine: NextCommandLine?
  /// The core header of a crash kernel; nil for a given one.
  public let coreHeader: CoreHeaderPlan?
  /// What could not be checked, and what the next kernel may not take; those of tree and core header too.
  public let warnings: [Finding]

  /// The flags of kexec_load(2): `KEXEC_ON_CRASH` or none. The architecture, `e_machine` in the upper
  /// half, is left to the loader: 0 means the running kernel's.
  public var flags: UInt64 { purpose == .crash ? 1 : 0 }

  /// What was done to the tree, or the command line, of the running kernel, in order.
  public var changes: [Change] { (tree?.changes ?? []) + (commandLine?.changes ?? []) }

  /// Makes tree or command line, core header and trampoline, and gives every segment its place.
  ///
  /// - Parameters:
  ///   - request: its inputs have bytes. The core header of a crash kernel is made of what is known about the
  ///     machine; a given one is checked as the crash kernel and the machine demand, and loaded as it is. IMA's
  ///     buffer is a finished one of version 1; its memory is half a page more, in whole pages, as in the
  ///     kernel, which adds to it later.
  ///   - kernel: the kernel to start.
  ///   - bytes: what the kernel's segments are ranges of.
  ///   - preferredAlignment: the alignment of places where there is room: 64 KiB, the largest page of any kernel.
  /// - Throws: `KexecError`: `KexecError.noRoom(_:)` says what is in the way.
  public init(
    _ request: KexecRequest, starting kernel: KernelImage, _ bytes: [UInt8],
    preferredAlignment: UInt64 = 64 << 10
  ) throws(KexecError) {
    let rules = try request.placementRules(for: kernel, bytes)
    let draft = try PlanDraft(
      request, kernel, bytes, rules, preferredAlignment: preferredAlignment)
    architecture = request.architecture
    purpose = request.purpose
    entry = draft.entry
    segments = draft.segments
    placements = draft.placements
    tree = draft.rest.tree
    commandLine = draft.rest.commandLine
    coreHeader = draft.rest.coreHeader?.plan
    warnings =
      request.warnings + draft.warnings + request.warningsOfTree + (tree?.warnings ?? [])
      + (draft.rest.coreHeader?.warnings ?? [])

    let findings = PlanCheck(of: self, on: request.machine).findings
    guard findings.isEmpty else { throw .notAccepted(findings) }
  }
}

extension PlanManifest {
  /// The table of contents of a plan.
  public init(_ plan: KexecPlan) {
    self.init(
      architecture: plan.architecture.name, purpose: plan.purpose, entry: plan.entry,
      flags: plan.flags,
      segments: plan.segments.map {
        Segment(name: $0.kind.name, range: $0.range, file: "\($0.kind.name).bin")
      })
  }
}

extension PlanCheck {
  /// Reads a plan back, as if it came from a folder; its core header was read back when it was made.
  fileprivate init(of plan: KexecPlan, on machine: MachineSnapshot) {
    let manifest = PlanManifest(plan)
    let contents = zip(manifest.segments, plan.segments).map { entry, segment in
      (entry.file, SegmentContent(segment.bytes))
    }
    self.init(
      of: manifest, contents: Dictionary(uniqueKeysWithValues: contents), on: machine, core: nil)
  }
}

// Failures of whole plans, and of core headers.
extension KexecError {
  /// Something has no place in memory.
  package static func noRoom(_ room: NoRoom) -> Self {
    .init(.notOffered, "\(room)", cause: .noRoom(room))
  }

  /// The kernel is for another architecture than the machine's.
  package static func otherKernel(_ machine: Machine, _ architecture: Architecture) -> Self {
    .init(
      .malformedInput, "a kernel for \(machine) on a machine of \(architecture)", about: .kernel)
  }

  /// Two sources of the same fact disagree.
  package static func contradiction(_ fact: String, _ sources: [Evidence]) -> Self {
    .init(
      .malformedInput,
      "\(fact): " + sources.map { "\($0.source) says \($0.value)" }.joined(separator: ", "),
      about: .machine, advice: .giveKernelLayout)
  }

  /// A core header with more program headers than the format can count.
  package static func tooManySegments(count: Int, limit: Int) -> Self {
    .init(
      .malformedInput,
      "\(count) program headers for notes and ranges of memory; a header counts \(limit) at most",
      about: .machine, advice: .joinNeighbours)
  }
}
