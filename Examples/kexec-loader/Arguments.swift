// SPDX-License-Identifier: Apache-2.0

import Kexec
import Loading

/// What the caller asks for.
struct Arguments {
  enum Command: String, CaseIterable {
    case load
    case loadCrash = "load-crash"
    case unload
    case unloadCrash = "unload-crash"
    case execute
    case status

    var isForCrash: Bool { self == .loadCrash || self == .unloadCrash }
    var loads: Bool { self == .load || self == .loadCrash }
  }

  let command: Command
  private(set) var kernel: String?
  private(set) var initrds: [String] = []
  /// A tree in place of the machine's, and whether it is of the machine's board and completed.
  private(set) var tree: String?
  private(set) var mergesTree = false
  private(set) var overlays: [String] = []
  /// Files for memory of their own, by the properties of /chosen that tell of them.
  private(set) var extras: [(name: String, path: String)] = []
  /// A core header in place of the one that is made.
  private(set) var coreHeader: String?
  /// Whether the measurements of the running kernel are handed on.
  private(set) var handsOnMeasurements = false
  private(set) var commandLine: String?
  private(set) var append: String?
  /// The folder of a plan, in place of all these.
  private(set) var plan: String?
  /// The system call to use, whatever is better.
  private(set) var call: SystemCall?
  private(set) var isDryRun = false
  /// Whether the kernel is to log what kexec_file_load does.
  private(set) var isLogged = false
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
      --debug            the kernel logs what kexec_file_load does (Linux 6.8)
      --dry-run          shows what would be loaded, how and why, and does nothing
      --root FOLDER      a captured machine, for --dry-run and status

    """

  /// Reads arguments, without the program's name.
  init(_ words: [String]) throws(Failure) {
    guard let command = words.first.flatMap(Command.init) else {
      let commands = Command.allCases.map(\.rawValue).joined(separator: ", ")
      throw Self.wrong("say what to do: \(commands)")
    }
    self.command = command
    var rest = words.dropFirst()
    while let option = rest.popFirst() {
      let value = { () throws(Failure) in
        guard let value = rest.popFirst() else { throw Self.wrong("\(option): needs a value") }
        return value
      }
      switch option {
      case "--kernel": kernel = try value()
      case "--initrd": initrds.append(try value())
      case "--dtb", "--merge-dtb":
        guard tree == nil else { throw Self.wrong("\(option): there can be one tree only") }
        (tree, mergesTree) = (try value(), option == "--merge-dtb")
      case "--overlay": overlays.append(try value())
      case "--extra": extras.append(try Self.extra(try value()))
      case "--elfcorehdr": coreHeader = try value()
      case "--ima": handsOnMeasurements = true
      case "--command-line": commandLine = try value()
      case "--append": append = try value()
      case "--plan": plan = try value()
      case "--call": call = try Self.call(named: try value())
      case "--debug": isLogged = true
      case "--dry-run": isDryRun = true
      case "--root": root = try value()
      default: throw Self.wrong("\(option): no such option")
      }
    }
    try check()
  }

  private func check() throws(Failure) {
    let words = [kernel, tree, commandLine, append, coreHeader].compactMap { $0 }
    let ofFiles =
      !(words + initrds + overlays + extras.map(\.path)).isEmpty || handsOnMeasurements
    if command.loads {
      guard (kernel != nil) != (plan != nil), plan == nil || !ofFiles else {
        throw Self.wrong("say what to load: --kernel and what goes with it, or --plan alone")
      }
      guard plan == nil || call != .kexecFileLoad else {
        throw Self.wrong("kexec_file_load takes no plan")
      }
    } else if ofFiles || plan != nil || call != nil || isDryRun || isLogged {
      throw Self.wrong("\(command.rawValue): takes no such options")
    }
    guard root == nil || isDryRun || command == .status else {
      throw Self.wrong("--root is for --dry-run and status: nothing is done to a captured machine")
    }
  }

  /// `NAME=FILE`.
  private static func extra(_ text: String) throws(Failure) -> (name: String, path: String) {
    let parts = text.split(separator: "=", maxSplits: 1)
    guard parts.count == 2 else { throw wrong("--extra is NAME=FILE, not \(text)") }
    return (String(parts[0]), String(parts[1]))
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
