// SPDX-License-Identifier: Apache-2.0

public import PhysicalMemory

/// What the next kernel is to be told, apart from what the machine is.
public struct Handover: Hashable, Sendable {
  /// The command line.
  public var commandLine: CommandLineChoice
  /// Where a loader puts the initrd; its end is not rounded. Nil for none.
  public var initrd: PhysicalRange?
  /// Memory that the next kernel must leave alone, besides the initrd.
  public var reservations: [PhysicalRange]
  /// Fresh random bytes.
  public var seeds: Seeds
  /// What a crash kernel is told; nil for an ordinary kexec.
  public var crash: CrashHandover?
  /// Where a loader puts IMA's list of measurements, in whole pages: the next kernel frees exactly this
  /// memory when it has read it. Nil for none; never for a crash kernel.
  public var measurements: PhysicalRange?
  /// What a live update hands over; nil for none, which every plan of a loader in user space has.
  public var liveUpdate: LiveUpdateHandover?
  /// The caller's own bytes.
  public var extras: [ExtraBuffer] = []

  /// A hand-over; of seeds alone, one to the same command line without an initrd.
  public init(
    commandLine: CommandLineChoice = .ofTree(), initrd: PhysicalRange? = nil,
    reservations: [PhysicalRange] = [], seeds: Seeds,
    crash: CrashHandover? = nil
  ) {
    self.commandLine = commandLine
    self.initrd = initrd
    self.reservations = reservations
    self.seeds = seeds
    self.crash = crash
  }
}

extension Handover {
  /// What is handed over besides initrd and core header, in the order in which the kernel writes it; the
  /// caller's own comes last.
  var buffers: [PlacedInput] {
    let places: [(KexecInput, PhysicalRange?)] = [
      (.diskKeys, crash?.diskKeys), (.khoTree, liveUpdate?.tree),
      (.khoScratch, liveUpdate?.scratch), (.imaBuffer, measurements),
    ]
    return places.compactMap { input, range in range.map { PlacedInput(input, $0) } }
      + extraBuffers
  }

  /// The caller's own.
  var extraBuffers: [PlacedInput] { extras.map { PlacedInput(.extra($0.name), $0.range) } }

  /// The same as ``buffers``, of some rows only.
  func buffers(_ wanted: KexecInput...) -> [PlacedInput] {
    buffers.filter { wanted.contains($0.input) }
  }
}

/// Where the next kernel's command line comes from; later versions may know more.
public enum CommandLineChoice: Hashable, Sendable {
  /// Nowhere: the next kernel uses its own, `CONFIG_CMDLINE`.
  case omitted
  /// The tree's own `bootargs`, after the caller's edits, and these words behind it.
  case ofTree(appending: String = "")
  /// The caller.
  case given(KernelCommandLine)
}

extension CommandLineChoice: ExpressibleByStringLiteral {
  /// A command line written in source code.
  public init(stringLiteral text: String) { self = .given(KernelCommandLine(text)) }
}
