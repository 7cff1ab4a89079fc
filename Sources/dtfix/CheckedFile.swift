// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import CrashCore
import KernelImage
import Kexec
import Loading
import Reports

/// The machine that results are compared with.
struct CheckedMachine {
  var core = CoreMachine()
  var memory = MachineSnapshot()
  /// Of its kernel, or the one that was said.
  var architecture: Architecture?
}

/// A core header, a tree, or a folder with a plan, that is to be checked.
enum CheckedFile {
  case coreHeader(InputFile)
  case tree(InputFile)
  case plan(String, PlanManifest, contents: [String: SegmentContent])

  init(_ path: String) throws(Failure) {
    if PlanFolder.exists(path) {
      let (manifest, contents) = try PlanFolder(path).read()
      self = .plan(path, manifest, contents: contents)
      return
    }
    let input = try InputFile(path)
    switch FileKind(recognizing: input.bytes.span) {
    case .coreHeader, .kernel(.elf): self = .coreHeader(input)
    case .tree: self = .tree(input)
    default:
      throw Failure(
        .malformedInput,
        "\(input.name): no ELF file, no tree and no folder; check reads core headers, trees and plans"
      )
    }
  }

  /// The name of a file that says itself what it is for; nil for a tree.
  var nameOfOther: String? {
    switch self {
    case .tree: nil
    case .coreHeader(let input): input.name
    case .plan(let path, _, _): path
    }
  }

  /// Checks the file.
  ///
  /// - Parameter purpose: what a tree is for.
  func result(on machine: CheckedMachine, for purpose: Purpose?) -> CheckReport {
    switch self {
    case .tree(let input):
      let check = TreeCheck(
        of: input.bytes, for: purpose, on: machine.memory, architecture: machine.architecture)
      return CheckReport(input.name, check.findings, check.view)
    case .coreHeader(let input):
      let findings = CoreHeaderCheck(of: machine.core).findings(in: input.bytes.span)
      return CheckReport(input.name, findings)
    case .plan(let path, let manifest, let contents):
      let check = PlanCheck(
        of: manifest, contents: contents, on: machine.memory, core: machine.core)
      return CheckReport(path, check.findings, check.view)
    }
  }
}
