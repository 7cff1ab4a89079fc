// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Files
import KernelImage
import Kexec
import Loading
import Reports

/// `dtfix image`: what a kernel file is, and the kernel in it.
struct Image: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "image",
    abstract: "What a kernel file is, and what is inside: the kernel, and how much room it needs.",
    usage: """
      dtfix image <file> [--profile <number>] [--layers] [--json]
      dtfix image <file> --extract [-o <file>] [--profile <number>]
      """,
    discussion: """
      Looks through packed files, EFI zboot files and unified kernel images (UKI) for the kernel that a \
      loader takes: an Image, or an ELF file. Formats are told by their bytes.

      EXAMPLES
        What is this?
          dtfix image /boot/vmlinuz
        The kernel that kexec_file_load takes, from a file that it refuses:
          dtfix image vmlinuz.efi --extract -o Image
        What is packed in what:
          dtfix image --layers linux.efi
      """)

  @Argument(help: "The kernel file; - is standard input.")
  var file: String

  @Flag(help: "Write the kernel itself, unpacked, to -o.")
  var extract = false

  @Option(
    name: .customShort("o"),
    help: ArgumentHelp(
      "Where the kernel goes; - is standard output, the default.", valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Which profile of a unified kernel image, from 0.", valueName: "number"))
  var profile = 0

  @Flag(help: "Only what is packed in what, outermost first.")
  var layers = false

  @Flag(help: "JSON instead of text.")
  var json = false

  func validate() throws {
    guard output == nil || extract else {
      throw ValidationError("-o is for --extract")
    }
    guard !(layers && (json || extract)) else {
      throw ValidationError("--layers is for text; --json has the layers too")
    }
    guard !(extract && json && (output ?? "-") == "-") else {
      throw ValidationError("--json and the kernel both want standard output")
    }
  }

  func run() throws {
    if extract { try OutputFile(output).check(inputs: [file]) }
    let input = try mappedFile(file)
    try input.withBytes { (bytes) throws(Failure) in try run(input.name, bytes) }
  }

  private func run(_ name: String, _ bytes: Span<UInt8>) throws(Failure) {
    let kernel = try KernelFile(bytes, named: name, profile: profile)
    if json || !extract { try show(KernelReport(kernel, bytes)) }
    _ = try kernel.requireImage(named: name)
    guard extract else { return }
    try kernel.bytes.withBytes(of: bytes) { (bytes) throws(Failure) in
      try OutputFile(output).write(bytes, isSecret: false)
    }
  }

  private func show(_ report: KernelReport) throws(Failure) {
    if json { return try printOutput("\(report.json)") }
    try printOutput((layers ? report.layers : report.lines).joined(separator: "\n"))
  }
}

extension KernelFile {
  /// Opens a file, with progress on a terminal.
  init(_ bytes: Span<UInt8>, named name: String, profile: Int = 0) throws(Failure) {
    let progress = Progress()
    defer { progress.end() }
    do throws(KernelFileError) {
      try self.init(bytes, profile: profile, progress: progress.report)
    } catch {
      throw Failure(KexecError(error, in: name))
    }
  }

  /// The kernel; fails for one that is not loaded.
  func requireImage(named name: String) throws(Failure) -> KernelImage {
    do throws(KernelFileError) {
      return try image
    } catch {
      throw Failure(KexecError(error, in: name))
    }
  }
}
