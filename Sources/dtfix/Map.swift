// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Kexec
import Loading
import MemoryPicture
import PhysicalMemory
import RunningKernel
import SystemPackage

/// `dtfix map`: memory as a picture.
struct Map: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "map",
    abstract: "Draw memory, on the terminal or as an SVG file.",
    discussion: """
      Draws all memory to scale, then in detail what matters to kexec: the running kernel, reserved memory \
      and the crash kernel's memory; on x86 the firmware's memory map is drawn, too. The picture is as wide \
      as the terminal; with NO_COLOR set it has no colours.

      EXAMPLES
        This machine, on the terminal:
          dtfix map
        With the segments of a plan:
          dtfix map --plan next.plan
        A captured machine, for a bug report:
          dtfix map --root captures/board7 --svg memory.svg
      """)

  @OptionGroup var source: MachineOptions

  @Option(help: .value("folder", "Draw the segments of this plan too."))
  var plan: String?

  @Option(help: .value("file", "Write an SVG file instead; - is standard output."))
  var svg: String?

  func run() throws {
    let output = OutputFile(svg)
    if svg != nil { try output.check(inputs: [source.memoryMapPath], isText: true) }
    let pictures = try source.pictures(with: segments())
    let style = MemoryPicture.TextStyle.ofStandardOutput
    let text =
      svg != nil
      ? MemoryPicture.svg(pictures) : pictures.map { $0.text(style) }.joined(separator: "\n")
    try output.write(Array(text.utf8).span, isSecret: false)
  }

  private func segments() throws(Failure) -> [MemoryPicture.Item] {
    guard let plan else { return [] }
    return try PlanFolder(plan).manifest().segments.map {
      MemoryPicture.Item($0.name, $0.range, .segment)
    }
  }
}

// The memory map of a machine as a picture.
extension MachineOptions {
  /// The kernel's view of memory with a plan's segments, then the firmware's memory map where there is one.
  func pictures(
    with segments: [MemoryPicture.Item] = []
  ) throws(Failure) -> [MemoryPicture] {
    let kernel = try kernelItems()
    let firmware = try reading { () throws(MachineError) in
      try machine.firmwareMemoryMap().map { MemoryPicture.Item($0.type, $0.range, $0.kind) }
    }
    let title = "Memory of \(name)"
    let picture = MemoryPicture(kernel + segments, title: title)
    guard !firmware.isEmpty else { return [picture] }
    return [picture, MemoryPicture(firmware, title: "\(title), as its firmware describes it")]
  }

  /// The file that the picture is drawn from.
  var memoryMapPath: String { machine.memoryMapPath.string }

  /// A captured machine is called by its folder.
  private var name: String {
    let folder = machine.isLive ? nil : machine.root.lexicallyNormalized().lastComponent
    return folder?.string ?? "this machine"
  }

  private func kernelItems() throws(Failure) -> [MemoryPicture.Item] {
    let facts = machine.snapshot(of: [.memory, .crashRegions, .firmware, .kernelMemory])
    return try failing { () throws(KexecError) in
      _ = try facts.$memory.ifPresent
      let named: [MemoryPicture.Item] =
        try facts.$crashRegions.ifPresent.map { .init("Crash kernel", $0, .crash) }
        + facts.$firmware.ifPresent.map { .init("firmware", $0, .reserved) }
        + [facts.$kernelMemory.ifPresent].compactMap { $0 }.map {
          .init("running kernel", $0, .kernel)
        }
      if let failure = facts.$systemRAM.failure {
        throw facts.hasMemoryMap ? failure : KexecError(.missingInput, failure.text)
      }
      return facts.items + named
    }
  }
}

extension MachineSnapshot {
  /// RAM, reserved memory and the kernel, but no devices.
  fileprivate var items: [MemoryPicture.Item] {
    let kernel = kernelImage.map { [MemoryPicture.Item("running kernel", $0, .kernel)] } ?? []
    let ram = systemRAM ?? []
    return ram.map { MemoryPicture.Item("System RAM", $0, .ram) }
      + Set(memory).subtracting(ram).map {
        MemoryPicture.Item("System RAM (driver)", $0, .driverRAM)
      }
      + reserved.map { MemoryPicture.Item("reserved", $0, .reserved) } + kernel
  }
}

extension FirmwareMemory {
  /// The words are those of `arch/x86/kernel/e820.c:e820_type_to_string`.
  fileprivate var kind: MemoryPicture.Kind {
    switch type {
    case "System RAM": .ram
    case "Reserved", "Unusable memory", "Soft Reserved": .reserved
    default: .other
    }
  }
}
