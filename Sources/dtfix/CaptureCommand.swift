// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Files
import Kexec
import RunningKernel
import SystemPackage

/// `dtfix capture`: a machine, saved for work elsewhere.
struct CaptureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "capture",
    abstract: "Save what dtfix reads of this machine, for a bug report or for work elsewhere.",
    usage: "dtfix capture -o <folder> | <file.tar> | - <options>",
    discussion: """
      Saves all that the other commands read: both trees, the memory map, the command line, the start of \
      /proc/kcore, the addresses of the CPUs' notes, and the state of kexec. --root takes the folder, or \
      the unpacked archive; the results are the same as on the machine.

      Seeds, passwords and keys are overwritten with zeros. The command line, serial numbers, MAC \
      addresses and kernel addresses are included. What could not be read is listed on standard error and \
      in the file "capture"; that is an error only when both tree and memory map are missing.

      EXAMPLES
        This machine, as root:
          dtfix capture -o board7
        As one file:
          dtfix capture -o board7.tar
        A machine without disk space:
          ssh root@board7 dtfix capture -o - > board7.tar
        Capture a capture again, to remove what later versions leave out:
          dtfix capture --root old -o new
      """)

  @Option(
    name: .customShort("o"),
    help: .value(
      "place", "A new folder, a file ending in .tar, or - for an archive to standard output."))
  var place: String

  @OptionGroup var source: MachineOptions

  @Flag(help: "Save the IMA measurement list too, which names every file that was run.")
  var measurements = false

  private var isArchive: Bool {
    place == "-" || place.hasSuffix(".tar") || place.hasPrefix("/dev/")
      || place.hasPrefix("/proc/self/fd/")
  }

  func run() throws {
    let file = OutputFile(place)
    if isArchive {
      try file.check(
        inputs: [], refusal: "an archive is not written to a terminal: use -o FILE.tar")
    } else {
      try checkFolder(FilePath(place))
    }
    let capture = try taken()
    (capture.report + [remark]).forEach { printError("note: \($0)") }
    if isArchive {
      try file.write(capture.archive.span, isSecret: true)
    } else {
      let items = capture.entries.map { (path: $0.path, bytes: $0.bytes) }
      try writing { () throws(WriteError) in
        try writeFolder(FilePath(place), items, replacesFiles: false)
      }
    }
  }

  /// Refuses anything but a new or empty folder, before any work is done.
  private func checkFolder(_ path: FilePath) throws(Failure) {
    guard !path.isEmpty else { throw Failure(.usage, "-o is the name of a folder, not empty") }
    guard let status = FileStatus(path.string) else { return }
    guard status.isFolder else {
      throw Failure(.cannotCreate, "\(path): exists and is not a folder\nan archive ends in .tar")
    }
    guard path.fileNames.isEmpty else {
      throw Failure(.cannotCreate, "\(path): exists and is not empty")
    }
  }

  private var remark: String {
    "review it before you share it: it contains the command line, serial numbers, MAC addresses and "
      + "kernel addresses" + (measurements ? ", and the name of every file that was run" : "")
  }

  private func taken() throws(Failure) -> Capture {
    let machine = source.machine
    let capture = try reading { () throws(MachineError) in
      try machine.capture(version: packageVersion, measurements: measurements)
    }
    guard !capture.isUseful else { return capture }
    capture.report.forEach { printError("note: \($0)") }
    let isForRoot = capture.unread.contains(where: \.isForRoot)
    throw Failure(
      isForRoot ? .noPermission : .notOffered,
      isForRoot
        ? "\(machine.root): neither a tree nor the memory map can be read\nrun it as root"
        : "\(machine.root): has neither a tree nor a memory map: not a machine or a capture of one")
  }
}

extension Capture {
  /// What is missing, a line each; the file has them all.
  fileprivate var report: [String] {
    let shown = 24
    var lines = unread.prefix(shown).map { "\($0.path): \($0.reason)" }
    if unread.count > shown {
      lines.append("… and \(unread.count - shown) more, in the file capture")
    }
    if unread.contains(where: \.isForRoot) { lines.append("run as root to capture everything") }
    if !secrets.isEmpty {
      lines.append("\(secrets.count) secrets were zeroed; the file capture names them")
    }
    return lines
  }
}
