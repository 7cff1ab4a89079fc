// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import TestSupport
import Testing

@Suite struct `A damaged tree` {
  /// Whatever is in either tree, a merge ends with a tree or an error of its own, and a tree that comes
  /// of it is merged again without a change.
  @Test(arguments: ["board", "reserved-memory", "cells-1-1", "stale-handover"])
  func `is merged, or refused`(name: String) throws {
    let blob = try Fixtures.blob(name)
    let whole = try DeviceTree(blob: blob)
    var random = SplitMix64(seed: 7)
    var merged = 0
    for _ in 0..<400 {
      var damaged = blob
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        damaged[Int.random(in: 40..<blob.count, using: &random)] =
          UInt8.random(in: 0...3, using: &random)
      }
      guard let tree = try? DeviceTree(blob: damaged) else { continue }

      for (board, machine) in [(tree, whole), (whole, tree), (tree, tree)] {
        do throws(KexecError) {
          let machine = MachineTree(machine, name: "MACHINE")
          let merge = try TreeMerge(of: board, with: machine)
          merged += 1
          let again = try TreeMerge(of: merge.tree, with: machine)
          #expect(again.tree == merge.tree)
          #expect(again.told == [], "\(merge.changes)")
        } catch {
          #expect(!"\(error)".isEmpty)
        }
      }
    }
    #expect(merged > 100)
  }
}
