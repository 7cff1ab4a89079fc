// SPDX-License-Identifier: Apache-2.0

import Kexec
import Loading

/// What the caller requests.
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
  /// The files, each with what it is for and what messages call it.
  private(set) var files: [(kind: FileSet.Kind, name: String, path: String)] = []
  private(set) var commandLine: String?
  private(set) var options = RequestOptions()
  /// The folder of a plan, in place of all these.
  private(set) var plan: String?
  /// The system call to use, whatever is better.
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

    Loads a kernel for the next reboot, or for a crash, from files or from a folder that
    dtfix plan wrote; forgets it; starts it; tells what is loaded and what is allowed.
    The command line is the running kernel's unless it is given; --append adds to either.
    --dtb is a tree in place of the machine's; --merge-dtb one of its board, completed by
    what the machine's own tells; --overlay changes either.
    execute stops no services: systemctl kexec does that, and starts what is loaded here.

      --extra NAME=FILE  memory of its own for a file, told of by a property of /chosen
      --elfcorehdr FILE  a core header of your own (load-crash)
      --ima              hands on what IMA measured so far (load)
      --call NAME        kexec_load or kexec_file_load, whatever would be chosen
      --dry-run          shows what would be loaded, how and why, and does nothing
      --root FOLDER      a captured machine, for --dry-run and status

    """

  private static let fileOptions: [String: FileSet.Kind] = [
    "--kernel": .kernel, "--initrd": .initrd, "--dtb": .tree, "--merge-dtb": .tree,
    "--overlay": .overlay, "--extra": .extra, "--elfcorehdr": .input(.coreHeader),
  ]

  /// Reads arguments, without the program's name.
  init(_ words: [String]) throws(Failure) {
    guard let command = words.first.flatMap(Command.init) else {
      let commands = Command.allCases.map(\.rawValue).joined(separator: ", ")
      throw Self.wrong("say what to do: \(commands)")
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
    if kind == .tree, has(.tree) { throw Self.wrong("\(option): there can be one tree only") }
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
        throw Self.wrong("say what to load: --kernel and what goes with it, or --plan alone")
      }
      guard plan == nil || call != .kexecFileLoad else {
        throw Self.wrong("kexec_file_load takes no plan")
      }
    } else if isOfFiles || plan != nil || call != nil || isDryRun {
      throw Self.wrong("\(command.rawValue): takes no such options")
    }
    guard root == nil || isDryRun || command == .status else {
      throw Self.wrong("--root is for --dry-run and status: nothing is done to a captured machine")
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
