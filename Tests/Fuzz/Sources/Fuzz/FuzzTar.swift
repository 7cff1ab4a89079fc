// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import RunningKernel

/// One input of libFuzzer: any bytes as the archive of a live tree. They are refused in one line, or a
/// tree that is a good blob, with what a kernel adds taken back once and for all.
func fuzzTar(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let archive = bytes(start, count)
  do throws(MachineError) {
    let live = try LiveTree(archive: archive.span, named: "tar")
    guard let again = try? DeviceTree(blob: live.tree.blob) else {
      fatalError("own blob is refused")
    }
    precondition(again == live.tree)
    var sorted = live.tree.root
    sorted.sort()
    precondition(sorted == live.tree.root, "what is sorted stays as it is")
    sorted.sort(like: live.tree.root)
    precondition(sorted == live.tree.root, "as does what is in a known order")
  } catch {
    let lines = "\(error)".split(separator: "\n")
    if case .malformedTree = error { return 0 }  // Names of the archive are in it.
    precondition(lines.count == 1)
  }
  return 0
}
