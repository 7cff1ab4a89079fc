// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DeviceTree
import Kexec

/// `dtfix show`: a tree as text.
struct Show: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "A tree as device-tree source or JSON.",
    discussion: """
      The source compiles back to the same tree with dtc, but for seeds, which are not shown.

      EXAMPLES
        The running kernel's tree:
          dtfix show
        One property of a tree, with jq:
          dtfix show --json next.dtb | jq .root.children.chosen.properties.bootargs
      """)

  @Argument(help: "The tree; - is standard input. Without it, the machine's.")
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
    let tree = try (file.map { try TreeFile($0) } ?? TreeFile(of: source.machine)).tree
    let hidden = secrets ? [] : ChosenProperty.secrets
    try printOutput(
      json ? "\(tree.json(hiding: hidden))" : tree.sourceText(sorted: sort, hiding: hidden))
  }
}
