// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DeviceTree
import Kexec

/// `dtfix show`: a tree or a core header as text.
struct Show: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "A tree as device-tree source, a core header as a table; or JSON.",
    discussion: """
      The source compiles back to the same tree with dtc, but for seeds, which are not shown.
      The segments of a core header are shown with what they seem to be for.

      EXAMPLES
        The running kernel's tree:
          dtfix show
        One property of a tree, with jq:
          dtfix show --json next.dtb | jq .root.children.chosen.properties.bootargs
        What a crash kernel will find:
          dtfix show core.hdr
      """)

  @Argument(help: "The tree or core header; - is standard input. Without it, the machine's.")
  var file: String?

  @OptionGroup var source: MachineOptions

  @Flag(help: "Properties and nodes by name, for comparing with diff(1).")
  var sort = false

  @Flag(help: "JSON instead of source.")
  var json = false

  @Flag(help: "Show the bytes of seeds too.")
  var secrets = false

  func validate() throws {
    guard file == nil || source.root == nil else {
      throw ValidationError("a file, or --root for a machine's tree: not both")
    }
  }

  func run() throws {
    guard let input = try file.map({ path throws(Failure) in try InputFile(path) }) else {
      return try show(TreeFile(of: source.machine))
    }
    guard input.isELF else { return try show(TreeFile(input)) }
    let header = try CoreHeaderFile(input)
    try printOutput(json ? "\(header.json)" : header.table)
  }

  private func show(_ file: TreeFile) throws(Failure) {
    let hidden = secrets ? [] : ChosenProperty.secrets
    try printOutput(
      json
        ? "\(file.tree.json(hiding: hidden))" : file.tree.sourceText(sorted: sort, hiding: hidden))
  }
}
