// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DeviceTree
import Kexec
import Loading
import PhysicalMemory

/// Command line, seeds, reservations and edits.
struct ChangeOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: .value("text", "The next kernel's command line."))
  var commandLine: String?

  @Flag(
    help: """
      Reuse the running kernel's command line. This is the default, except with -i, where the tree's \
      own is.
      """)
  var reuseCmdline = false

  @Option(
    parsing: .unconditional,
    help: .value("text", "Words to append to the command line."))
  var append: String?

  @Flag(help: "Hand over no command line: the next kernel uses its built-in one.")
  var noCommandLine = false

  @Option(ranges: "Memory to reserve, besides the initrd's; repeatable.")
  var reserve: [PhysicalRange] = []

  @Option(
    help: .value(
      "range", "A memory reservation of the tree to delete; start and size must match; repeatable."),
    transform: TreeEdit.init(unreservation:))
  var unreserve: [TreeEdit] = []

  @Option(help: .value("seed", "KASLR seed: random, none or 0x…"))
  var kaslrSeed = "random"

  @Option(
    help: .value(
      "seed", "Seed of the random number generator: random, none or hexadecimal digits."))
  var rngSeed = "random"

  @Option(help: .value("file", "An overlay (.dtbo) to apply before all other edits; repeatable."))
  var overlay: [String] = []

  @Option(
    help: .value(
      "property",
      """
      A property to set, as /node:name=value; the value is text, "text", <0x1 0x2>, [c0 de] or \
      nothing; repeatable.
      """), transform: TreeEdit.init(setting:))
  var set: [TreeEdit] = []

  @Option(
    help: .value("path", "A node, or with :name a property, to delete; repeatable."),
    transform: TreeEdit.init(deletion:))
  var delete: [TreeEdit] = []

  func validate() throws {
    try require(
      [commandLine != nil, reuseCmdline, noCommandLine].count(where: \.self) <= 1,
      "--command-line, --reuse-cmdline and --no-command-line exclude each other")
    // Random ones are drawn later.
    if kaslrSeed != "random" { _ = try Parse.kaslrSeed(kaslrSeed) }
    if rngSeed != "random" { _ = try Parse.rngSeed(rngSeed) }
    try require(!noCommandLine || append == nil, "--append needs a command line to append to")
  }

  /// The edits after the overlays, in this order: settings, deletions.
  var edits: [TreeEdit] { self.set + delete + unreserve }

  /// The edits that are overlays.
  func overlays() throws(Failure) -> [TreeEdit] {
    try overlay.map { (path) throws(Failure) in
      let file = try TreeFile(InputFile(path))
      return .overlay(file.tree, name: file.name)
    }
  }

  /// The seeds; unlike the values of other options, a refused one is not repeated in the message.
  func seeds() throws -> Seeds {
    Seeds(kaslr: try Parse.kaslrSeed(kaslrSeed), rng: try Parse.rngSeed(rngSeed))
  }
}
