// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import RunningKernel

/// `dtfix`: the device tree, and later all else, that the next kernel is started with.
@main
struct DTFix: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dtfix",
    abstract: "Makes the device tree that the next kernel is started with.",
    usage: """
      dtfix [fix] --for-kexec | --for-crash <options>
      dtfix elfcorehdr <options>
      dtfix plan --for-kexec | --for-crash --kernel <file> <options>
      dtfix image <file> <options>
      dtfix show [<file>] <options>
      dtfix check <file> ... <options>
      dtfix diff <first> <second> <options>
      dtfix map <options>
      dtfix capture -o <place> <options>
      """,
    discussion: """
      What Linux does inside kexec_file_load, in user space: for this machine or a captured one, with \
      your own tree if you like, and with every change explained.

      EXAMPLES
        The tree for the next kernel of this machine:
          dtfix --for-kexec --initrd-at 0x48000000+0x1f9bb8 -o next.dtb
        A command line and an initrd for a board's tree, on any machine:
          dtfix --for-kexec -i board.dtb --command-line 'console=ttyS0' -o new.dtb
        The core header for a crash image of this machine:
          dtfix elfcorehdr -o core.hdr
        A whole kexec, everything placed, for a loader:
          dtfix plan --for-kexec --kernel Image --initrd initrd.img -o next.plan
        What the crash kernel will think of a core header:
          dtfix check --root / core.hdr
        What a kernel file is, and the kernel in it:
          dtfix image vmlinuz.efi --extract -o Image
        A tree as text:
          dtfix show next.dtb
        What differs between two trees:
          dtfix diff old.dtb next.dtb
        What lies where in memory, as a picture:
          dtfix map --svg memory.svg
        All of it for a bug report, or for work on another machine:
          dtfix capture -o board7.tar

      EXIT STATUS
        0 done; 1 check or diff found something; 64 usage; 65 malformed input; 66 no
        input; 69 the machine does not offer it; 71 a system call failed; 73 the
        output cannot be created; 74 input or output error; 77 not permitted
      """,
    version: packageVersion,
    subcommands: [
      Fix.self, Elfcorehdr.self, Plan.self, Image.self, Show.self, Check.self, Diff.self, Map.self,
      CaptureCommand.self,
    ],
    defaultSubcommand: Fix.self)

  /// The command that the first argument names, without a look at the others: half the time of a run is
  /// ArgumentParser's. Nil for all that needs an explanation.
  private static func namedCommand() -> (any ParsableCommand)? {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard let first = arguments.first else { return nil }
    if first.hasPrefix("--for-") { return try? Fix.parse(arguments) }
    let command = configuration.subcommands.first { $0.configuration.commandName == first }
    return try? command?.parse(Array(arguments.dropFirst()))
  }

  /// Runs the command; every failure of ours is one line and an exit code of sysexits.h.
  static func main() {
    // A file that may not grow is an error like a full disk, not the end of the process. A closed
    // pipe stays the end: no reader is left.
    signal(SIGXFSZ, SIG_IGN)
    do {
      var command = try namedCommand() ?? parseAsRoot()
      try command.run()
    } catch let failure as Failure {
      failure.exit()
    } catch  where exitCode(for: error) == .validationFailure {
      Failure(usage: error).exit()
    } catch {
      exit(withError: error)
    }
  }
}
