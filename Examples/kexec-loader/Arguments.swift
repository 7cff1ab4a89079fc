// SPDX-License-Identifier: Apache-2.0

import Kexec
import Loading

/// The command line.
struct Arguments {
  enum Command: String, CaseIterable {
    case load
    case loadCrash = "load-crash"
    case unload
    case unloadCrash = "unload-crash"
    case execute
    case status

    var purpose: Purpose { self == .loadCrash || self == .unloadCrash ? .crash : .kexec }
    var loads: Bool { self == .load || self == .loadCrash }
  }

  let command: Command
  /// The files, each with its type and its name in messages.
  private(set) var files: [(kind: FileSet.Kind, name: String, path: String)] = []
  private(set) var commandLine: String?
  private(set) var options = RequestOptions()
  /// The folder of a plan, in place of the files.
  private(set) var plan: String?
  /// The system call to use; nil to choose one.
  private(set) var call: SystemCall?
  private(set) var isDryRun = false
  /// The folder of a captured machine.
  private(set) var root: String?

  static let help = """
    usage: kexec-loader load | load-crash --kernel FILE [--initrd FILE] ...
                        [--dtb FILE | --merge-dtb FILE] [--overlay FILE] ...
                        [--command-line TEXT | --append TEXT] [OPTION] ...
           kexec-loader load | load-crash --plan FOLDER [OPTION] ...
           kexec-loader unload | unload-crash | execute | status

    Loads a kernel for the next reboot or for a crash, from files or from a folder of
    dtfix plan; unloads it; boots it; shows the kexec status of this machine.
    The default command line is the running kernel's; --append adds to it.
    --dtb is a tree in place of the machine's; --merge-dtb is the board's tree, completed
    from the machine's; --overlay applies to either.
    execute stops no services; use systemctl kexec for that.

      --extra NAME=FILE  file in memory, at the address in the property NAME of /chosen
      --elfcorehdr FILE  ELF core header, in place of the generated one (load-crash)
      --ima              hand over the IMA measurement list (load)
      --call NAME        kexec_load or kexec_file_load
      --dry-run          show the segments or files and the reasons, load nothing
      --root FOLDER      captured machine, for --dry-run and status

    """

  private static let fileOptions: [String: FileSet.Kind] = [
    "--kernel": .kernel, "--initrd": .initrd, "--dtb": .tree, "--merge-dtb": .tree,
    "--overlay": .overlay, "--extra": .extra, "--elfcorehdr": .input(.coreHeader),
  ]

  /// Reads arguments, without the program's name.
  init(_ words: [String]) throws(Failure) {
    guard let command = words.first.flatMap(Command.init) else {
      let commands = Command.allCases.map(\.rawValue).joined(separator: ", ")
      throw Self.wrong("needs a command: \(commands)")
    }
    self.command = command
    options.purpose = command.purpose
    var rest = words.dropFirst()
    while let option = rest.popFirst() {
      let value = { () throws(Failure) in
        guard let value = rest.popFirst() else { throw Self.wrong("\(option): needs a value") }
        return value
      }
      switch option {
      case _ where Self.fileOptions[option] != nil: try addFile(option, value())
      case "--ima": options.handsOnMeasurements = true
      case "--command-line": commandLine = try value()
      case "--append": options.append = try value()
      case "--plan": plan = try value()
      case "--call": call = try Self.call(named: value())
      case "--dry-run": isDryRun = true
      case "--root": root = try value()
      default: throw Self.wrong("\(option): no such option")
      }
    }
    try check()
  }

  private mutating func addFile(_ option: String, _ value: String) throws(Failure) {
    guard let kind = Self.fileOptions[option] else { return }
    var (name, path) = (value, value)
    if kind == .tree, has(.tree) { throw Self.wrong("\(option): only one tree can be given") }
    if option == "--merge-dtb" { options.mergesTree = true }
    if kind == .extra {
      let parts = value.split(separator: "=", maxSplits: 1)
      guard parts.count == 2 else { throw Self.wrong("--extra is NAME=FILE, not \(value)") }
      (name, path) = (String(parts[0]), String(parts[1]))
    }
    files.append((kind, name, path))
  }

  private func has(_ kind: FileSet.Kind) -> Bool { files.contains { $0.kind == kind } }

  private func check() throws(Failure) {
    let isOfFiles =
      !files.isEmpty || commandLine != nil || !options.append.isEmpty
      || options.handsOnMeasurements
    if command.loads {
      guard has(.kernel) != (plan != nil), plan == nil || !isOfFiles else {
        throw Self.wrong("needs --kernel and its options, or --plan alone")
      }
      guard plan == nil || call != .kexecFileLoad else {
        throw Self.wrong("kexec_file_load takes no plan")
      }
    } else if isOfFiles || plan != nil || call != nil || isDryRun {
      throw Self.wrong("\(command.rawValue): does not take these options")
    }
    guard root == nil || isDryRun || command == .status else {
      throw Self.wrong("--root needs --dry-run or status")
    }
  }

  private static func call(named name: String) throws(Failure) -> SystemCall {
    guard let call = SystemCall(rawValue: name), call != .reboot else {
      throw wrong("--call is kexec_load or kexec_file_load, not \(name)")
    }
    return call
  }

  private static func wrong(_ message: String) -> Failure {
    Failure(.usage, "\(message)\nsee kexec-loader --help")
  }
}
