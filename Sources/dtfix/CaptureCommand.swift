// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Kexec
import RunningKernel
import SystemPackage

/// `dtfix capture`: what offline work needs of a machine.
struct CaptureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "capture",
    abstract: "Saves what offline work needs of this machine: for a bug report, or another desk.",
    usage: "dtfix capture -o <folder> | <file.tar> | - <options>",
    discussion: """
      Both trees, the memory map, the command line, the head of /proc/kcore, where CPUs keep their \
      notes, and what kexec is and may do: all that the other commands read. --root takes the folder, \
      or what tar makes of the archive, and what is planned from it is what would have been planned \
      on the machine.

      Seeds, passwords and keys are overwritten with zeros. The command line, serial numbers, MAC \
      addresses and the kernel's addresses are in it. What could not be read is told, here and in \
      the file "capture"; that is no error as long as a tree or the memory map is there.

      EXAMPLES
        This machine, as root:
          dtfix capture -o board7
        As one file:
          dtfix capture -o board7.tar
        A machine without room for it:
          ssh root@board7 dtfix capture -o - > board7.tar
        A captured machine once more, with what later versions leave out:
          dtfix capture --root old -o new
      """)

  @Option(
    name: .customShort("o"),
    help: ArgumentHelp(
      "A new folder, a file whose name ends in .tar, or - for an archive on standard output.",
      valueName: "place"))
  var place: String

  @OptionGroup var source: MachineOptions

  @Flag(help: "Save the measurement list of IMA too: it names every file that was run.")
  var measurements = false

  private var isArchive: Bool {
    place == "-" || place.hasSuffix(".tar") || place.hasPrefix("/dev/")
      || place.hasPrefix("/proc/self/fd/")
  }

  func run() throws {
    let (folder, file) = (CaptureFolder(place), OutputFile(place))
    if isArchive {
      try file.check(inputs: [], what: "an archive is not written to a terminal: use -o FILE.tar")
    } else {
      try folder.check()
    }
    let capture = try taken()
    (capture.report + [remark]).forEach { printError("note: \($0)") }
    if isArchive {
      try file.write(capture.archive.span, isSecret: true)
    } else {
      try folder.write(capture)
    }
  }

  private var remark: String {
    "look before you pass it on: the command line, serial numbers, MAC addresses and "
      + (measurements
        ? "the kernel's addresses are in it, and every file that was run"
        : "the kernel's addresses are in it")
  }

  private func taken() throws(Failure) -> Capture {
    let machine = source.machine
    let capture: Capture
    do throws(MachineError) {
      capture = try machine.capture(
        version: packageVersion, measurements: measurements)
    } catch {
      throw Failure(error)
    }
    guard !capture.isUseful else { return capture }
    capture.report.forEach { printError("note: \($0)") }
    let isForRoot = capture.unread.contains(where: \.isForRoot)
    throw Failure(
      isForRoot ? .noPermission : .notOffered,
      "\(machine.root): neither a tree nor the memory map "
        + (isForRoot
          ? "may be read\nrun it as root" : "is there: no machine, and no capture of one"))
  }
}

extension Capture {
  /// What is not in it, a line each; the file has them all.
  fileprivate var report: [String] {
    let shown = 24
    var lines = unread.prefix(shown).map { "\($0.path): \($0.reason)" }
    if unread.count > shown {
      lines.append("… and \(unread.count - shown) more, in the file capture")
    }
    if unread.contains(where: \.isForRoot) { lines.append("as root it would be all") }
    if !secrets.isEmpty {
      lines.append("its secrets, \(secrets.count), are zeros; the file capture names them")
    }
    return lines
  }
}
