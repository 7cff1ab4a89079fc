// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import RunningKernel

/// `dtfix`: the command and its subcommands.
@main
struct DTFix: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dtfix",
    abstract: "Make the device tree for the next kernel of kexec.",
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
      Does in user space what Linux does inside kexec_file_load: for this machine or a captured one, from \
      the machine's tree or your own, with every change explained.

      EXAMPLES
        The tree for the next kernel of this machine:
          dtfix --for-kexec --initrd-at 0x48000000+0x1f9bb8 -o next.dtb
        A command line for the tree of a board, on any machine:
          dtfix --for-kexec -i board.dtb --command-line 'console=ttyS0' -o new.dtb
        The ELF core header for a crash kernel of this machine:
          dtfix elfcorehdr -o core.hdr
        A complete kexec, placed in memory, for a loader:
          dtfix plan --for-kexec --kernel Image --initrd initrd.img -o next.plan
        Check an ELF core header for this machine:
          dtfix check --root / core.hdr
        Identify a kernel file, and extract the kernel inside:
          dtfix image vmlinuz.efi --extract -o Image
        A tree as text:
          dtfix show next.dtb
        The differences between two trees:
          dtfix diff old.dtb next.dtb
        A picture of memory:
          dtfix map --svg memory.svg
        Save this machine for a bug report, or for work elsewhere:
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

  /// The command that the first argument names, found without ArgumentParser's search of all commands, which
  /// takes half the time of a run. Nil for wrong arguments and for help.
  private static func namedCommand() -> (any ParsableCommand)? {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard let first = arguments.first else { return nil }
    if first.hasPrefix("--for-") { return try? Fix.parse(arguments) }
    let command = configuration.subcommands.first { $0.configuration.commandName == first }
    return try? command?.parse(Array(arguments.dropFirst()))
  }

  /// Runs the command; a ``Failure`` is one line and an exit code of sysexits.h.
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
