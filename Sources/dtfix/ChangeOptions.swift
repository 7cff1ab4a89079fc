// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DeviceTree
import Kexec
import PhysicalMemory

/// What the caller wants the next kernel to be told.
struct ChangeOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The next kernel's command line.", valueName: "text"))
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
    help: ArgumentHelp(
      "Where a loader puts the initrd: 0x48000000+0x1f9bb8, first-last, or 2M@0x48000000.",
      valueName: "range"))
  var initrdAt: RangeArgument?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("Memory the next kernel must leave alone; repeatable.", valueName: "range"))
  var reserve: [RangeArgument] = []

  @Option(
    help: ArgumentHelp("Seed for the kernel's own place: random, none or 0x…", valueName: "seed"))
  var kaslrSeed: SeedOption.KASLR = .random

  @Option(
    help: ArgumentHelp(
      "Seed for the random number generator: random, none or hexadecimal.", valueName: "seed"))
  var rngSeed: SeedOption.RNG = .random

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
      """, valueName: "property"))
  var set: [PropertySetting] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "A node, or with :name a property, to delete; repeatable.", valueName: "path"))
  var delete: [Deletion] = []

  func validate() throws {
    let choices = [commandLine != nil, reuseCmdline, noCommandLine].filter { $0 }
    guard choices.count <= 1 else {
      throw ValidationError(
        "--command-line, --reuse-cmdline and --no-command-line exclude each other")
    }
    guard !noCommandLine || append == nil else {
      throw ValidationError("--append needs a command line to append to")
    }
  }

  /// The edits before the hand-over: overlays, settings, deletions.
  func edits() throws(Failure) -> [TreeEdit] {
    var edits: [TreeEdit] = []
    for path in overlay {
      let file = try TreeFile(path)
      edits.append(.overlay(file.tree, name: file.name))
    }
    edits += set.map { .set($0.name, node: $0.node, $0.value) }
    edits += delete.map { deletion in
      deletion.property.map { .deleteProperty($0, node: deletion.node) }
        ?? .deleteNode(deletion.node)
    }
    return edits
  }

  func seeds() throws(Failure) -> Seeds {
    Seeds(
      kaslr: try kaslrSeed.choice.bytes(count: Seeds.kaslrSize),
      rng: try rngSeed.choice.bytes(count: Seeds.rngSize))
  }
}

/// A range as `PhysicalRange.init(text:)` reads it.
struct RangeArgument: ExpressibleByArgument {
  let range: PhysicalRange

  init?(argument: String) {
    guard let range = PhysicalRange(text: argument) else { return nil }
    self.range = range
  }
}

/// `PATH:PROPERTY=VALUE`.
struct PropertySetting: ExpressibleByArgument {
  let node: String
  let name: String
  let value: PropertyValue

  init?(argument: String) {
    guard let colon = argument.firstIndex(of: ":") else { return nil }
    let rest = argument[argument.index(after: colon)...]
    let sign = rest.firstIndex(of: "=") ?? rest.endIndex
    node = String(argument[..<colon])
    name = String(rest[..<sign])
    guard !name.isEmpty else { return nil }
    let text = rest[sign...].dropFirst()
    guard !text.isEmpty else {
      value = .empty
      return
    }
    guard let value = PropertyValue(sourceText: String(text)) else { return nil }
    self.value = value
  }
}

/// `PATH` or `PATH:PROPERTY`.
struct Deletion: ExpressibleByArgument {
  let node: String
  let property: String?

  init?(argument: String) {
    guard let colon = argument.firstIndex(of: ":") else {
      (node, property) = (argument, nil)
      return
    }
    node = String(argument[..<colon])
    property = String(argument[argument.index(after: colon)...])
    guard property != "" else { return nil }
  }
}

/// The two seed options, which differ in how their bytes are written.
enum SeedOption {
  struct KASLR: ExpressibleByArgument {
    let choice: SeedChoice
    static let random = KASLR(choice: .random)

    private init(choice: SeedChoice) { self.choice = choice }
    init?(argument: String) {
      guard let choice = SeedChoice(kaslr: argument) else { return nil }
      self.choice = choice
    }
    /// The value in `--help`; never a seed, since only the default is printed.
    var defaultValueDescription: String { "random" }
  }

  struct RNG: ExpressibleByArgument {
    let choice: SeedChoice
    static let random = RNG(choice: .random)

    private init(choice: SeedChoice) { self.choice = choice }
    init?(argument: String) {
      guard let choice = SeedChoice(rng: argument) else { return nil }
      self.choice = choice
    }
    /// The value in `--help`.
    var defaultValueDescription: String { "random" }
  }
}
