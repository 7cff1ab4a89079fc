// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BinaryFormat
import DeviceTree
import Files
import IMA
import JSONText
import KernelImage
import Kexec
import Loading
import Reports
import RunningKernel

/// `dtfix show`: a tree, a core header, a plan, a kernel or measurements as text.
struct Show: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract:
      "Print a tree, an ELF core header, a plan, a kernel or IMA measurements as text or JSON.",
    usage: "dtfix show [<file>] <options>",
    discussion: """
      A tree is printed as source, which dtc compiles back to the same tree, except for seeds, which are \
      hidden. An ELF core header is printed as a table of its segments with the role of each, a plan as its \
      manifest, a kernel file as dtfix image does, and IMA measurements (a list, or an IMA buffer) as a \
      line each.

      EXAMPLES
        The running kernel's tree:
          dtfix show
        The live tree, with all changes since boot:
          dtfix show --from live
        One property of a tree, with jq:
          dtfix show --json next.dtb | jq .root.children.chosen.properties.bootargs
        An ELF core header:
          dtfix show core.hdr
        What IMA has measured:
          dtfix show /sys/kernel/security/ima/binary_runtime_measurements
      """)

  @Argument(
    help: """
      A tree, ELF core header, plan, kernel or measurement list; a live tree may be a folder, or a tar \
      archive of one; - is standard input. The default is the machine's tree.
      """)
  var file: String?

  @OptionGroup var source: MachineOptions
  @Option(help: .treeOrigin)
  var from: TreeOrigin?

  @Flag(help: "Sort properties and nodes by name, to compare with diff(1).")
  var sort = false

  @Flag(help: "Print JSON instead of source.")
  var json = false

  @Flag(help: "Show seeds too.")
  var secrets = false

  func validate() throws {
    try require(
      file == nil || source.root == nil && from == nil,
      "--root and --from are for a machine's tree, not for a file")
  }

  func run() throws {
    guard let file else { return try showTree(of: source.machine.snapshot()) }
    guard !PlanFolder.isPlan(file) else {
      let plan = try PlanFolder(file).manifest()
      return try show(plan.json, String(plan.text.dropLast()))
    }
    guard !PlanFolder.exists(file) else { return try show(TreeFile(file)) }
    let input = try mappedFile(file, pipeLimit: RunningKernel.treeLimit)
    try input.withBytes { (bytes) throws(Failure) in try show(input.name, bytes) }
  }

  private func show(_ name: String, _ bytes: Span<UInt8>) throws(Failure) {
    // An unknown file gets the messages of a bad tree.
    switch FileKind(recognizing: bytes) ?? .tree {
    case .archive: try show(TreeFile(mapped: bytes, named: name))
    case .tree: try show(TreeFile(InputFile(name, copying: bytes)))
    case .coreHeader:
      let file = try InputFile(name, copying: bytes)
      let header = try parsing(name) { () throws(FormatError) in
        try CoreHeaderTable(file.bytes.span)
      }
      try show(header.json, header.table)
    case .kernel:
      let report = KernelReport(try KernelFile(bytes, named: name), bytes)
      try show(report.json, report.lines.joined(separator: "\n"))
    case .measurements:
      let file = try InputFile(name, copying: bytes)
      let report = try parsing(name) { () throws(MeasurementError) in
        try MeasurementReport(file.bytes.span)
      }
      try show(report.json, report.table)
    }
  }

  private func showTree(of machine: MachineSnapshot) throws(Failure) {
    var machine = machine
    let tree = try failing { () throws(KexecError) in try machine.readTree(from) }
    tree.warnings.forEach { printError("warning: \($0)") }
    try show(tree)
  }

  private func show(_ file: TreeFile) throws(Failure) {
    let hidden = secrets ? [] : ChosenProperty.secrets
    try show(
      file.tree.json(hiding: hidden), file.tree.sourceText(sorted: sort, hiding: hidden))
  }

  private func show(
    _ json: @autoclosure () -> JSON, _ text: @autoclosure () -> String
  ) throws(Failure) {
    try printOutput(self.json ? "\(json())" : text())
  }
}
