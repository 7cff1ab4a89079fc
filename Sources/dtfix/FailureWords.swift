// SPDX-License-Identifier: Apache-2.0

import Kexec

/// The names of files and options that stand for the subjects of failures in messages, and the advice.
struct FailureWords {
  /// The tree that the next one is made of.
  var tree: String
  /// The architecture; empty where the message needs no name.
  var architecture: String
  /// The source of the command line.
  var commandLine = "--command-line"
  /// The kernel's file.
  var kernel = ""
  /// The initrd's file or option.
  var initrd = "--initrd-at"
  /// The IMA buffer's file or option.
  var imaBuffer = "--ima-buffer-at"
  /// The machine's folder, and its memory map.
  var (machine, memoryMap): (String, String)
  /// The result.
  var result: String
  /// Whether a plan would do what the command cannot.
  var advisesPlan = false
  /// Whether --join-neighbours exists and is not given.
  var canJoinNeighbours = false

  /// One name for tree, machine and result.
  init(_ name: String) {
    (tree, architecture, machine, memoryMap, result) = (name, name, name, name, name)
  }

  /// The beginning of a message.
  func prefix(_ subject: KexecError.Subject) -> String {
    let name =
      switch subject {
      case .named, .chosenProperty: ""
      case .edit: "\(tree): --"
      case .tree: tree
      case .architecture: architecture
      case .kernel: kernel
      case .commandLine: commandLine
      case .kaslrSeed: "--kaslr-seed"
      case .usableMemory: "--usable-memory"
      case .backup: "--backup-at"
      case .handedOver(let input): option(input)
      case .machine: machine
      case .memoryMap: memoryMap
      case .result: result
      }
    return name.isEmpty || subject == .edit ? name : "\(name): "
  }

  /// The end of a message.
  func advice(_ advice: KexecError.Advice) -> String {
    switch advice {
    case .nameArchitecture: "; use --arch"
    case .giveArchitectureAndPageSize: "\nwith --arch and --page-size it is not needed"
    case .excludeMemory: "\nboot with crashkernel=…, or use --exclude"
    case .giveUsableMemory: "\nboot with crashkernel=…, or use --usable-memory"
    case .nameMachine: "\n--root names a machine whose memory is known"
    case .giveBackup: "\nuse --backup-at"
    case .giveKernelLayout: "\nuse --linear-map or --kernel-text to say which is right"
    case .joinNeighbours:
      canJoinNeighbours ? "\nuse --join-neighbours to join ranges that touch" : ""
    case .deleteOldInitrd: "\n--delete /chosen:\(ChosenProperty.initrdStart) removes it"
    case .planInstead: advisesPlan ? "\ndtfix plan makes the command line" : ""
    case .text(let text): "\n\(text)"
    }
  }

  /// The option that sets a property of `/chosen`, where an edit of it would be overwritten.
  func remedy(_ subject: KexecError.Subject) -> String {
    guard case .chosenProperty(let name) = subject else { return "" }
    let option =
      switch name {
      case ChosenProperty.commandLine: "--command-line, --append or --no-command-line"
      case ChosenProperty.initrdEnd: self.option(.initrd)
      default:
        KexecInput.all.first { $0.property == name }.map(self.option)
          ?? Seeds.rows.first { $0.property == name }?.option
      }
    return option.map { "\nuse \($0)" } ?? ""
  }

  /// The option of an input.
  private func option(_ input: KexecInput) -> String {
    switch input {
    case .initrd: initrd
    case .imaBuffer: imaBuffer
    default: input.option
    }
  }
}
