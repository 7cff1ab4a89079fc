// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KernelImage
import Kexec
import PhysicalMemory

/// One input of libFuzzer: a manifest, a NUL, and bytes that are all the files it names; and, if they
/// are a kernel, what is planned. Each is refused in one line, or true to its own rules.
func fuzzPlan(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let parts = bytes(start, count).split(
    separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
  let content = parts.count > 1 ? Array(parts[1]) : []
  check(String(decoding: parts[0], as: UTF8.self), content)
  if let kernel = try? KernelImage(content.span) { plan(kernel, content) }
  return 0
}

private func check(_ text: String, _ content: [UInt8]) {
  do throws(PlanManifest.BadLine) {
    let manifest = try PlanManifest(text: text)
    precondition((try? PlanManifest(text: manifest.text)) == manifest, "it is what it says")
    var contents: [String: SegmentContent] = [:]
    for segment in manifest.segments { contents[segment.file] = SegmentContent(content) }
    for machine in [MachineSnapshot(), machine(pageSize: 4096)] {
      let check = PlanCheck(of: manifest, contents: contents, on: machine)
      precondition(check.findings.allSatisfy { !"\($0)".contains("\n") })
      _ = check.view?.lines
    }
  } catch {
    precondition(error.number > 0 && !"\(error)".contains("\n"))
  }
}

private func plan(_ kernel: KernelImage, _ content: [UInt8]) {
  var request = KexecRequest(
    .arm64, tree: smallTree, commandLine: "a", seeds: .none,
    inputs: [.init(.initrd, .bytes([1, 2, 3]))])
  planWithMore(request, kernel, content)
  for (architecture, pageSize) in [
    (Architecture.arm64, 4096 as UInt64), (.riscv64, 65536), (.loongarch64, 16384),
    (.ppc64, 65536),
  ] {
    do throws(KexecError) {
      let machine = machine(pageSize: pageSize)
      (request.architecture, request.machine) = (architecture, machine)
      let plan = try KexecPlan(request, starting: kernel, content)
      let ram = PhysicalRangeSet(machine.systemRAM ?? [])
      for (segment, next) in zip(plan.segments, plan.segments.dropFirst()) {
        precondition(segment.range.end <= next.range.start, "segments are apart")
      }
      precondition(plan.segments.allSatisfy { ram.contains($0.range) })
      precondition(plan.segments.allSatisfy { UInt64($0.bytes.count) <= $0.range.size })
    } catch {
      precondition(!"\(error)".contains("\n"))
    }
  }
}

/// The same with bytes that are taken for IMA's measurements, and for the caller's own.
private func planWithMore(_ request: KexecRequest, _ kernel: KernelImage, _ content: [UInt8]) {
  var request = request
  request.machine = machine(pageSize: 4096)
  request[.extra("acme,x")] = .bytes(Array(content.suffix(5000)))
  for measurements in [Array(content.suffix(3000)), emptyList] {
    request[.imaBuffer] = .bytes(measurements)
    do throws(KexecError) {
      let plan = try KexecPlan(request, starting: kernel, content)
      let list = plan.segments.first { $0.kind == .imaBuffer }
      precondition(list.map { Int($0.range.size) - measurements.count >= 2048 } == true)
    } catch {
      precondition(!"\(error)".contains("\n"))
    }
  }
}

/// A buffer of version 1 without an entry.
private let emptyList: [UInt8] =
  [1, 0, 0, 0, 0, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 8)

private func machine(pageSize: UInt64) -> MachineSnapshot {
  let ram = [(0x4000_0000, 0x1000_0000), (0x8000_0000, 0x4000_0000)] as [(UInt64, UInt64)]
  return MachineSnapshot(
    pageSize: pageSize, systemRAM: ram.compactMap { PhysicalRange(start: $0, size: $1) },
    reserved: [PhysicalRange(start: 0x4020_0000, size: 0x10_0000)].compactMap { $0 })
}

/// A tree with legal root cells and a CPU.
private let smallTree: DeviceTree = {
  var tree = DeviceTree()
  for name in ["#address-cells", "#size-cells"] {
    try? tree.setProperty(name, of: "/", to: .cells([2]))
  }
  try? tree.addNode("cpus", to: "/")
  try? tree.addNode("cpu@0", to: "/cpus")
  try? tree.setProperty("device_type", of: "/cpus/cpu@0", to: .string("cpu"))
  return tree
}()
