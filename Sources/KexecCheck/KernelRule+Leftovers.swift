// SPDX-License-Identifier: Apache-2.0

import KexecFacts
import KexecRules

extension KernelRule {
  /// What an earlier hand-over wrote for another kernel.
  static let leftovers: [KernelRule] = [
    .init(
      "leftovers", .tree, at: "/chosen", "no property of an earlier kexec is passed on",
      by: .kexec("of_kexec_alloc_and_setup_fdt")
    ) { tree, reading in
      reading.propertiesOfOthers.filter { tree[$0] != nil }.map {
        Problem("hand-over state of an earlier kernel", at: property($0))
      }
    }
  ]
}

extension Reading {
  /// What was not requested; where that is not known, what no loader gives a kernel for this purpose.
  fileprivate var propertiesOfOthers: [String] {
    let never: [String]
    if let wanted = requested?.buffers.map(\.property) {
      let all = ChosenProperty.kho + [ChosenProperty.imaBuffer, ChosenProperty.diskKeys]
      never = all.filter { !wanted.contains($0) }
    } else if purpose == .crash {
      never = ChosenProperty.kho + [ChosenProperty.imaBuffer]
    } else {
      never = [ChosenProperty.diskKeys]
    }
    return ChosenProperty.historicBuffer + never
  }
}
