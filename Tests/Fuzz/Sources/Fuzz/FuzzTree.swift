// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import PhysicalMemory

/// One input of libFuzzer: any bytes as a blob. It must be refused with an error, or read, printed,
/// patched and read again.
func fuzzTree(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard let tree = try? DeviceTree(blob: bytes(start, count)) else { return 0 }

  let root = tree.root
  _ = tree.sourceText(sorted: true)
  precondition(tree.compared(with: tree, phandles: .byTarget).isEqual)
  for path in (try? tree.descendants(of: "/")) ?? [] { _ = tree.contains(path) }

  guard let rebuilt = try? DeviceTree(blob: tree.blob) else { fatalError("own blob is refused") }
  precondition(rebuilt.root == root && rebuilt.reservations == tree.reservations)

  patchTwice(tree, for: .arm64, handover)
  patchTwice(tree, for: .ppc64, handover)
  patchTwice(tree, for: .ppc64, crashHandover)
  return 0
}

/// Whatever can be patched can be patched again, and is the same then.
private func patchTwice(
  _ tree: DeviceTree, for architecture: Architecture, _ handover: KexecRequest
) {
  var request = handover
  (request.tree, request.architecture) = (tree, architecture)
  guard let next = try? NextTree(request) else { return }
  do throws(KexecError) {
    guard let tree = try? DeviceTree(blob: next.blob) else { fatalError("own tree is no tree") }
    request.tree = tree
    let again = try NextTree(request)
    precondition(again.blob == next.blob, "patching twice is patching once")
  } catch {
    fatalError("own tree is refused: \(error)")
  }
}

private let handover = KexecRequest(
  .arm64, tree: nil, commandLine: "fuzz", seeds: Seeds(kaslr: Array(1...8), rng: [1]))

/// A crash kernel with 256 MiB in the first half GiB.
private let crashHandover: KexecRequest = {
  var handover = handover
  let (main, header) = (
    PhysicalRange(start: 0x1000_0000, size: 0x1000_0000),
    PhysicalRange(start: 0x1010_0000, size: 0x1000)
  )
  if let main, let header {
    handover.purpose = .crash
    handover.usableMemory = [main]
    handover[.coreHeader] = .at(header)
    handover[.backup] = PhysicalRange(start: 0x1011_0000, size: 1 << 16).map { .at($0) }
  }
  return handover
}()
