// SPDX-License-Identifier: Apache-2.0

import CrashCore
import JSONText
import Kexec

/// The machine that results are compared with.
struct CheckedMachine {
  var core = CoreMachine()
  var memory = MachineFacts()
}

/// A core header, or a folder with a plan, that is to be checked.
enum CheckedFile {
  case coreHeader(InputFile)
  case plan(String, LoadManifest, contents: [String: LoadContent])

  init(_ path: String) throws(Failure) {
    if PlanFolder.exists(path) {
      let (manifest, contents) = try PlanFolder(path).read()
      self = .plan(path, manifest, contents: contents)
      return
    }
    let input = try InputFile(path)
    guard input.isELF else {
      throw Failure(
        .malformedInput,
        "\(input.name): no ELF file and no folder; check reads core headers and plans")
    }
    self = .coreHeader(input)
  }

  /// What a check has to say about a file.
  struct Result {
    /// A line each, findings first.
    let lines: [String]
    let findings: [JSON]
    let beliefs: [JSON]
  }

  func result(on machine: CheckedMachine) -> Result {
    switch self {
    case .coreHeader(let input):
      let findings = CoreHeaderCheck(of: machine.core).findings(in: input.bytes.span)
      return Result(
        lines: findings.map { "\(input.name): \($0)".visible },
        findings: findings.map { $0.json(in: input.name) }, beliefs: [])
    case .plan(let path, let manifest, let contents):
      let check = LoadCheck(
        of: manifest, contents: contents, on: machine.memory, core: machine.core)
      let beliefs = check.view?.lines ?? []
      return Result(
        lines: (check.findings.map(\.description) + beliefs).map { "\(path): \($0)".visible },
        findings: check.findings.map { $0.json(in: path) },
        beliefs: beliefs.map { ["file": .string(path), "text": .string($0)] })
    }
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
