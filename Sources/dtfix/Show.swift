// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BinaryFormat
import DeviceTree
import Files
import IMA
import KernelImage
import Kexec
import Loading
import Reports
import RunningKernel

/// `dtfix show`: a tree, a core header, a plan, a kernel or measurements as text.
struct Show: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: """
      A tree as source, a core header or measurements as a table, a plan, a kernel's facts; or JSON.
      """,
    usage: "dtfix show [<file>] <options>",
    discussion: """
      The source compiles back to the same tree with dtc, but for seeds, which are not shown.
      The segments of a core header are shown with what they seem to be for. Of a kernel file is shown \
      what dtfix image tells, of a plan's folder its manifest. Of what a kernel has measured (IMA), the \
      list or the buffer that hands it over, each measurement is a line.

      EXAMPLES
        The running kernel's tree:
          dtfix show
        The same, as it has become since the boot:
          dtfix show --from live
        One property of a tree, with jq:
          dtfix show --json next.dtb | jq .root.children.chosen.properties.bootargs
        What a crash kernel will find:
          dtfix show core.hdr
        What the kernel has measured:
          dtfix show /sys/kernel/security/ima/binary_runtime_measurements
      """)

  @Argument(
    help: """
      The tree, core header, plan, kernel or measurements; a live tree may be a folder, or a tar \
      archive of one; - is standard input. Without it, the machine's tree.
      """)
  var file: String?

  @OptionGroup var source: MachineOptions
  @OptionGroup var origin: TreeOriginOptions

  @Flag(help: "Properties and nodes by name, for comparing with diff(1).")
  var sort = false

  @Flag(help: "JSON instead of source.")
  var json = false

  @Flag(help: "Show the bytes of seeds too.")
  var secrets = false

  func validate() throws {
    guard file == nil || source.root == nil && origin.from == nil else {
      throw ValidationError("a file, or --root and --from for a machine's tree: not both")
    }
  }

  func run() throws {
    guard let file else { return try showTree(of: source.machine.snapshot()) }
    guard !PlanFolder.isPlan(file) else { return try show(PlanFolder(file).manifest()) }
    guard !PlanFolder.exists(file) else { return try show(TreeFile(file)) }
    let input = try mappedFile(file, pipeLimit: RunningKernel.treeLimit)
    try input.withBytes { (bytes) throws(Failure) in try show(input.name, bytes) }
  }

  private func show(_ name: String, _ bytes: Span<UInt8>) throws(Failure) {
    // What is nothing that is known is no good tree.
    switch FileKind(recognizing: bytes) ?? .tree {
    case .archive:
      try show(failing { () throws(KexecError) in try TreeFile(archive: bytes, named: name) })
    case .tree: try show(TreeFile(InputFile(name, copying: bytes)))
    case .coreHeader: try show(coreHeader(bytes, named: name))
    case .kernel: try show(KernelReport(KernelFile(bytes, named: name), bytes))
    case .measurements: try show(measurements(bytes, named: name))
    }
  }

  private func showTree(of machine: MachineSnapshot) throws(Failure) {
    var machine = machine
    let tree = try failing { () throws(KexecError) in try machine.readTree(origin.from) }
    tree.warnings.forEach { printError("warning: \($0)") }
    try show(tree)
  }

  private func show(_ file: TreeFile) throws(Failure) {
    let hidden = secrets ? [] : ChosenProperty.secrets
    try printOutput(
      json
        ? "\(file.tree.json(hiding: hidden))" : file.tree.sourceText(sorted: sort, hiding: hidden))
  }

  private func coreHeader(
    _ bytes: Span<UInt8>, named name: String
  ) throws(Failure) -> CoreHeaderTable {
    let file = try InputFile(name, copying: bytes)
    do throws(FormatError) {
      return try CoreHeaderTable(file.bytes.span)
    } catch {
      throw Failure(.malformedInput, "\(name): \(error)")
    }
  }

  private func measurements(
    _ bytes: Span<UInt8>, named name: String
  ) throws(Failure) -> MeasurementReport {
    let file = try InputFile(name, copying: bytes)
    do throws(MeasurementError) {
      return try MeasurementReport(file.bytes.span)
    } catch {
      throw Failure(.malformedInput, "\(name): \(error)")
    }
  }

  private func show(_ header: CoreHeaderTable) throws(Failure) {
    try printOutput(json ? "\(header.json)" : header.table)
  }

  private func show(_ plan: PlanManifest) throws(Failure) {
    try printOutput(json ? "\(plan.json)" : String(plan.text.dropLast()))
  }

  private func show(_ report: MeasurementReport) throws(Failure) {
    try printOutput(json ? "\(report.json)" : report.table)
  }

  private func show(_ report: KernelReport) throws(Failure) {
    try printOutput(json ? "\(report.json)" : report.lines.joined(separator: "\n"))
  }
}
