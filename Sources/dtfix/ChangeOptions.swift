// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DeviceTree
import Kexec
import Loading
import PhysicalMemory

/// Command line, seeds, reservations and edits.
struct ChangeOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The next kernel's command line.", valueName: "text"))
  var commandLine: String?

  @Flag(
    help: """
      Use the running kernel's command line again: the default. For a tree given with -i the default \
      is the tree's own; this flag takes the machine's.
      """)
  var reuseCmdline = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Words to add at the end of the command line.", valueName: "text"))
  var append: String?

  @Flag(help: "Leave the command line to the next kernel.")
  var noCommandLine = false

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Memory, besides the initrd's, that the next kernel must leave alone; repeatable.",
      valueName: "range"),
    transform: Parse.range)
  var reserve: [PhysicalRange] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "A memory reservation of the tree to delete, exactly as it is there; repeatable.",
      valueName: "range"), transform: TreeEdit.init(unreservation:))
  var unreserve: [TreeEdit] = []

  @Option(
    help: ArgumentHelp(
      "Seed for the kernel's own place: random, none or 0x…", valueName: "seed"))
  var kaslrSeed = "random"

  @Option(
    help: ArgumentHelp(
      "Seed for the random number generator: random, none or hexadecimal digits.",
      valueName: "seed"))
  var rngSeed = "random"

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("An overlay (.dtbo) to apply first; repeatable.", valueName: "file"))
  var overlay: [String] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      """
      A property to set, as /node:name=value; the value is text, "text", <0x1 0x2>, [c0 de] or \
      nothing. Repeatable.
      """, valueName: "property"), transform: TreeEdit.init(setting:))
  var set: [TreeEdit] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "A node, or with :name a property, to delete; repeatable.", valueName: "path"),
    transform: TreeEdit.init(deletion:))
  var delete: [TreeEdit] = []

  func validate() throws {
    let choices = [commandLine != nil, reuseCmdline, noCommandLine].filter { $0 }
    guard choices.count <= 1 else {
      throw ValidationError(
        "--command-line, --reuse-cmdline and --no-command-line exclude each other")
    }
    _ = (try Parse.kaslrSeed(kaslrSeed), try Parse.rngSeed(rngSeed))
    guard !noCommandLine || append == nil else {
      throw ValidationError("--append needs a command line to append to")
    }
  }

  /// The edits before the hand-over, behind the overlays, in this order: settings, deletions.
  var edits: [TreeEdit] { self.set + delete + unreserve }

  /// The edits that are overlays.
  func overlays() throws(Failure) -> [TreeEdit] {
    var edits: [TreeEdit] = []
    for path in overlay {
      let file = try TreeFile(InputFile(path))
      edits.append(.overlay(file.tree, name: file.name))
    }
    return edits
  }

  /// The seeds; a refused one is not repeated in the message, as other options' values are.
  func seeds() throws -> Seeds {
    Seeds(
      kaslr: try Parse.kaslrSeed(kaslrSeed).bytes(count: Seeds.kaslrSize),
      rng: try Parse.rngSeed(rngSeed).bytes(count: Seeds.rngSize))
  }
}
