// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Kexec
import MemoryPicture

/// `dtfix map`: memory as a picture.
struct Map: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "map",
    abstract: "Memory as a picture: on the terminal, or as an SVG file.",
    discussion: """
      All of memory to scale, then in detail what a kexec has to do with: the running kernel, what is \
      reserved, and the memory of crash kernels. The firmware's own map comes second (x86). The picture \
      is as wide as the terminal; colours are left out where NO_COLOR is set.

      EXAMPLES
        This machine, on the terminal:
          dtfix map
        What a plan of dtfix plan would take:
          dtfix map --plan next.plan
        A captured machine, for a bug report:
          dtfix map --root captures/board7 --svg memory.svg
      """)

  @OptionGroup var source: MachineOptions

  @Option(help: ArgumentHelp("A plan, whose segments are drawn too.", valueName: "folder"))
  var plan: String?

  @Option(
    help: ArgumentHelp(
      "Draw an SVG file instead; - is standard output.", valueName: "file"))
  var svg: String?

  func run() throws {
    let output = OutputFile(svg)
    if svg != nil { try output.check(inputs: [source.memoryMapPath], isText: true) }
    let pictures = try source.pictures(with: segments())
    if svg != nil {
      try output.write(Array(MemoryPicture.svg(pictures).utf8).span, isSecret: false)
    } else {
      let style = MemoryPicture.TextStyle.ofStandardOutput
      let text = pictures.map { $0.text(style) }.joined(separator: "\n")
      try output.write(Array(text.utf8).span, isSecret: false)
    }
  }

  private func segments() throws(Failure) -> [MemoryPicture.Item] {
    guard let plan else { return [] }
    return try PlanFolder(plan).manifest().segments.map {
      MemoryPicture.Item($0.name, $0.range, .segment)
    }
  }
}
