// SPDX-License-Identifier: Apache-2.0

import DeviceTree

extension Handover {
  /// The properties of `/chosen` that it takes from the tree.
  var inherited: [String] {
    guard case .ofTree = commandLine else { return [] }
    return [ChosenProperty.commandLine]
  }
}

extension CommandLineChoice {
  /// The command line; nil for none. The tree's own is read as its kernel reads it.
  func line(in tree: DeviceTree) -> KernelCommandLine? {
    switch self {
    case .omitted: return nil
    case .given(let line): return line
    case .ofTree(let words):
      let own = try? tree.property(ChosenProperty.commandLine, of: ChosenProperty.node)
      guard own != nil || !words.isEmpty else { return nil }
      var line = KernelCommandLine(reusing: Array(own?.bytes.prefix { $0 != 0 } ?? []))
      line.append(words)
      return line
    }
  }
}
