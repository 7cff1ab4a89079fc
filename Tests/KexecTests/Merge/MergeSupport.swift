// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import PhysicalMemory
import RunningKernel
import SystemPackage
import TestSupport
import Testing

/// A tree of a made-up board, compiled by dtc: a root with hardware, and what a test puts in it.
func tree(
  _ body: String, address: Int = 2, size: Int = 2, reservations: String = "",
  board: String = "example,board"
) throws -> DeviceTree {
  try DeviceTree(
    blob: Fixtures.compile(
      """
      /dts-v1/;
      \(reservations)
      / {
        #address-cells = <\(address)>; #size-cells = <\(size)>;
        compatible = "\(board)", "example,soc";
        \(body)
        soc {};
      };
      """))
}

/// The merge with a machine that messages call `MACHINE`.
func merge(
  _ board: DeviceTree, _ machine: DeviceTree, _ facts: MachineSnapshot = MachineSnapshot()
) throws(KexecError) -> TreeMerge {
  try TreeMerge(of: board, with: MachineTree(machine, name: "MACHINE", facts: facts))
}

/// The message of the error that a merge ends with; nothing when it does not.
func refusal(_ board: DeviceTree, _ machine: DeviceTree) -> String {
  do throws(KexecError) {
    _ = try merge(board, machine)
    return ""
  } catch {
    return error.message
  }
}

/// A property as fdtget, which is not ours, reads it from a tree; nil when it is not there.
func fdtget(
  _ tree: DeviceTree, _ node: String, _ property: String, as type: String = "x"
) throws -> String? {
  let folder = try TemporaryFolder()
  try write(tree.blob, to: folder / "tree.dtb")
  let result = try run("fdtget", ["-t", type, folder / "tree.dtb", node, property])
  return result.status == 0 ? String(result.text.dropLast()) : nil
}

/// The names of a node's children, as fdtget lists them.
func children(_ tree: DeviceTree, of node: String) throws -> [String] {
  let folder = try TemporaryFolder()
  try write(tree.blob, to: folder / "tree.dtb")
  return try run("fdtget", ["-l", folder / "tree.dtb", node]).text.split(separator: "\n")
    .map(String.init)
}

/// The reservations, as dtc prints them.
func reservationLines(_ tree: DeviceTree) throws -> [String] {
  try Fixtures.sortedSource(tree.blob).split(separator: "\n").map(String.init)
    .filter { $0.hasPrefix("/memreserve/") }
}

/// A captured machine's tree and what is known of the machine.
func machineTree(_ name: String) throws -> MachineTree {
  let machine = RunningKernel(root: FilePath(try Fixtures.machine(name)))
  return MachineTree(
    try DeviceTree(blob: machine.flatTree()), name: "MACHINE", facts: try facts(of: machine))
}

extension TreeMerge {
  /// What was changed: action and place.
  var told: [String] {
    changes.filter { ![.kept, .omitted].contains($0.action) }
      .map { "\($0.action.rawValue) \($0.subject)" }
  }
}
