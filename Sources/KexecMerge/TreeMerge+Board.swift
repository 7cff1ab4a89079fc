// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts
import KexecRules

// Whether the two trees belong together, and what names the machine.
extension TreeMerger {
  /// Refuses to make a tree of hardware out of one that leaves the hardware to ACPI, or the reverse.
  ///
  /// The EFI stub of a machine with ACPI makes a tree with nothing but `/chosen`. One node more turns ACPI
  /// off, and such a machine's tree has nothing that could be merged: its firmware has set it up for ACPI,
  /// its memory is in UEFI's map, and its addresses are in ACPI's tables.
  func checkStubs(_ board: DeviceTree) throws(KexecError) {
    guard let stubs = Architecture.arm64.stubTrees else { return }
    switch (stubs.contains(board), stubs.contains(machine.tree)) {
    case (false, true):
      throw .notMerged(
        machine.name,
        reason: """
          describes no hardware: this machine was booted with ACPI, which a tree with nodes besides /chosen \
          would turn off\(stubs.rule.note)
          """)
    case (true, false):
      throw .notMerged(
        machine.name,
        reason: """
          describes hardware, and the tree that it is merged with has nothing but /chosen, as on a machine \
          with ACPI\(stubs.rule.note)
          """)
    default: return
    }
  }

  /// Warns of a tree of another board: the first `compatible` string of the root names the board.
  mutating func compareBoards() {
    let (mine, theirs) = (
      root["compatible"]?.strings?.first, machineRoot["compatible"]?.strings?.first
    )
    guard mine != theirs else { return }
    func name(_ root: Node) -> String {
      let compatible = root["compatible"]?.sourceText ?? "none"
      return (root["model"]?.string.map { "\(compatible) (\($0))" } ?? compatible).shortened
    }
    warnings.append(
      Finding(
        "/",
        "this tree is of another board: it is \(name(root)), the machine is \(name(machineRoot))",
        rule: .specification("3.2")))
  }

  /// The root's `serial-number`, which U-Boot and other firmware set (`fdt_root`).
  mutating func mergeSerialNumber() throws(KexecError) {
    let name = "serial-number"
    guard let theirs = machineRoot[name], theirs.bytes.contains(where: { $0 != 0 }) else { return }
    let mine = root[name]
    guard mine != theirs else { return }
    if let mine, mine.bytes.contains(where: { $0 != 0 }) {
      throw conflict(
        .property(name, node: "/"), .property(mine), .property(theirs),
        advice: "the file is of another machine; take its serial-number out to have the machine's")
    }
    var node = root
    set(
      Property(name, theirs), in: &node, at: "/", reason: "the serial number of this machine",
      rule: .specification("3.2"))
    root = node
  }
}
