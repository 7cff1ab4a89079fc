// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import FuzzSupport
import Kexec

/// Starts libFuzzer.
@_cdecl("fuzz_tree_main")
public func main(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
  runFuzzer(count, arguments, fuzzTree)
}

/// One input of libFuzzer: any bytes as a blob. It must be refused with an error, or read, printed,
/// patched and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTree(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard let tree = try? DeviceTree(blob: bytes(start, count)) else { return 0 }

  let root = tree.root
  _ = tree.sourceText(sorted: true)
  _ = "\(tree.json())"
  precondition(tree.compared(with: tree, phandles: .byTarget).isEqual)
  for path in (try? tree.descendants(of: "/")) ?? [] { _ = tree.contains(path) }

  guard let rebuilt = try? DeviceTree(blob: tree.blob) else { fatalError("own blob is refused") }
  precondition(rebuilt.root == root && rebuilt.reservations == tree.reservations)

  let handover = Handover(commandLine: "fuzz", seeds: Seeds(kaslr: Array(1...8), rng: [1]))
  if let next = try? NextTree(from: tree, for: .arm64, handover: handover) {
    guard
      let again = try? NextTree(
        from: DeviceTree(blob: next.blob), for: .arm64, handover: handover)
    else { fatalError("own tree is refused") }
    precondition(again.blob == next.blob, "patching twice is patching once")
  }
  return 0
}
