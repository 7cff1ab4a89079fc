// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import KexecCheck
import KexecFacts
import KexecMerge
import KexecRules
import PhysicalMemory

extension KexecRequest {
  /// The properties of `/chosen` that it takes from the tree.
  var inherited: [String] {
    guard case .ofTree = commandLine else { return [] }
    return [ChosenProperty.commandLine]
  }

  /// The properties of `/chosen` that it writes or removes.
  var written: [String] { ChosenProperty.written + extraBuffers.map(\.property) }
}

extension KexecRequest {
  /// The command line, as the next kernel's architecture wants it; nil for none. The tree's own is
  /// read as its kernel reads it.
  func line(in tree: DeviceTree) -> KernelCommandLine? {
    var line = chosenLine(in: tree)
    if let crash, architecture.namesCoreHeaderOnCommandLine {
      line = line ?? KernelCommandLine("")
      line?.prepend("elfcorehdr=\(hex(crash.coreHeader.start))")
    }
    return line
  }

  private func chosenLine(in tree: DeviceTree) -> KernelCommandLine? {
    switch commandLine {
    case .omitted: return nil
    case .given(let line): return line
    case .ofTree(let words):
      let own = try? tree.property(ChosenProperty.commandLine, of: ChosenProperty.node)
      guard own != nil || !words.isEmpty else { return nil }
      let bytes = Array(own?.bytes.prefix { $0 != 0 } ?? [])
      var line = KernelCommandLine(reusing: bytes, for: purpose)
      line.append(words)
      return line
    }
  }
}
