// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Files
import KernelImage
import Kexec
import Loading
import Reports

/// `dtfix image`: the format of a kernel file, and the kernel inside.
struct Image: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "image",
    abstract: "Identify a kernel file, and print or extract the kernel inside.",
    usage: """
      dtfix image <file> [--profile <number>] [--layers] [--json]
      dtfix image <file> --extract [-o <file>] [--profile <number>]
      """,
    discussion: """
      Looks through compressed files, EFI zboot files and unified kernel images (UKI) for the kernel that a \
      loader takes: an Image, or an ELF file. Formats are recognized by the contents of the file.

      EXAMPLES
        The format of a kernel file, and the memory that the kernel needs:
          dtfix image /boot/vmlinuz
        Extract the kernel for kexec_file_load, which refuses EFI zboot files:
          dtfix image vmlinuz.efi --extract -o Image
        The layers of a packed kernel:
          dtfix image --layers linux.efi
      """)

  @Argument(help: "The kernel file; - is standard input.")
  var file: String

  @Flag(help: "Write the unpacked kernel to -o.")
  var extract = false

  @Option(
    name: .customShort("o"),
    help: .value("file", "Write the kernel to this file; - is standard output, the default."))
  var output: String?

  @Option(help: .value("number", "Profile of a unified kernel image, counted from 0."))
  var profile = 0

  @Flag(help: "Print only the layers, outermost first.")
  var layers = false

  @Flag(help: "Print JSON instead of text.")
  var json = false

  func validate() throws {
    try require(output == nil || extract, "-o is for --extract")
    try require(
      !(layers && (json || extract)),
      "--layers excludes --json, which has the layers too, and --extract")
    try require(
      !(extract && json && (output ?? "-") == "-"),
      "--json and the kernel both go to standard output; use -o")
  }

  func run() throws {
    if extract { try OutputFile(output).check(inputs: [file]) }
    let input = try mappedFile(file)
    try input.withBytes { (bytes) throws(Failure) in try run(input.name, bytes) }
  }

  private func run(_ name: String, _ bytes: Span<UInt8>) throws(Failure) {
    let kernel = try KernelFile(bytes, named: name, profile: profile)
    if json || !extract {
      let report = KernelReport(kernel, bytes)
      let lines = layers ? report.layers : report.lines
      try printOutput(json ? "\(report.json)" : lines.joined(separator: "\n"))
    }
    _ = try kernel.requireImage(named: name)
    guard extract else { return }
    try kernel.bytes.withBytes(of: bytes) { (bytes) throws(Failure) in
      try OutputFile(output).write(bytes, isSecret: false)
    }
  }
}

extension KernelFile {
  /// Opens a file, with progress on a terminal.
  init(_ bytes: Span<UInt8>, named name: String, profile: Int = 0) throws(Failure) {
    let progress = Progress()
    defer { progress.end() }
    self = try failing { () throws(KexecError) in
      try KernelFile.naming(name) { () throws(KernelFileError) in
        try KernelFile(bytes, profile: profile, progress: progress.report)
      }
    }
  }

  /// The kernel; fails for one that is not loaded.
  func requireImage(named name: String) throws(Failure) -> KernelImage {
    try failing { () throws(KexecError) in
      try Self.naming(name) { () throws(KernelFileError) in try image }
    }
  }
}
