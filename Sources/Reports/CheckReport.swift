// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
package import CrashCore
package import JSONText
package import Kexec

/// The findings in a file.
package struct CheckReport {
  /// A line each, findings first.
  package let lines: [String]
  package let findings: [JSON]
  /// How the next kernel reads it.
  package let beliefs: [JSON]

  /// The findings in a tree or a plan, and how the next kernel reads it.
  package init(_ name: String, _ found: [Finding], _ view: NextKernelView?) {
    let believed = view?.lines ?? []
    lines = (found.map(\.description) + believed).map { "\(name): \($0)".visible() }
    findings = found.map { $0.json(in: name) }
    beliefs = believed.map { ["file": .string(name), "text": .string($0)] }
  }

  /// The findings in an elfcorehdr.
  package init(_ name: String, _ found: [CoreFinding]) {
    lines = found.map { "\(name): \($0)".visible() }
    findings = found.map { finding in
      [
        "file": .string(name), "severity": .string("\(finding.severity)"),
        "place": .string("\(finding.place)"), "text": .string(finding.text),
        "rule": .string("\(finding.rule)"),
      ]
    }
    beliefs = []
  }
}
