// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import CrashCore
import JSONText
import KernelImage
import Kexec
import Loading

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

  /// What a check has to say about a file.
  struct Result {
    /// A line each, findings first.
    let lines: [String]
    let findings: [JSON]
    let beliefs: [JSON]
  }

  /// Checks the file.
  ///
  /// - Parameter purpose: what a tree is for.
  func result(on machine: CheckedMachine, for purpose: Purpose?) -> Result {
    switch self {
    case .tree(let input):
      let check = TreeCheck(
        of: input.bytes, for: purpose, on: machine.memory, architecture: machine.architecture)
      return Result(input.name, check.findings, check.view)
    case .coreHeader(let input):
      let findings = CoreHeaderCheck(of: machine.core).findings(in: input.bytes.span)
      return Result(
        lines: findings.map { "\(input.name): \($0)".visible() },
        findings: findings.map { $0.json(in: input.name) }, beliefs: [])
    case .plan(let path, let manifest, let contents):
      let check = PlanCheck(
        of: manifest, contents: contents, on: machine.memory, core: machine.core)
      return Result(path, check.findings, check.view)
    }
  }
}

extension CheckedFile.Result {
  /// What was found in a tree or a plan, and what the next kernel will believe of it.
  fileprivate init(_ name: String, _ found: [Finding], _ view: NextKernelView?) {
    let believed = view?.lines ?? []
    self.init(
      lines: (found.map(\.description) + believed).map { "\(name): \($0)".visible() },
      findings: found.map { $0.json(in: name) },
      beliefs: believed.map { ["file": .string(name), "text": .string($0)] })
  }
}

extension CoreFinding {
  fileprivate func json(in file: String) -> JSON {
    [
      "file": .string(file), "severity": .string("\(severity)"), "place": .string("\(place)"),
      "text": .string(text), "rule": .string("\(rule)"),
    ]
  }
}

extension Finding {
  fileprivate func json(in file: String) -> JSON {
    [
      "file": .string(file), "place": .string(place), "text": .string(text),
      "rule": .string("\(rule)"),
    ]
  }
}
