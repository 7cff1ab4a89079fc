// SPDX-License-Identifier: Apache-2.0

import CKexec
import Kexec
import Loading
import PhysicalMemory

/// A plan, as kexec_load(2) takes it.
struct SegmentedKernel: Loadable {
  struct Segment {
    let name: String
    let range: PhysicalRange
    let bytes: [UInt8]
  }

  let entry: UInt64
  let segments: [Segment]

  let call = SystemCall.kexecLoad

  init(_ plan: LoadPlan) {
    entry = plan.entry
    segments = plan.segments.map {
      Segment(name: $0.part.name, range: $0.range, bytes: $0.bytes)
    }
  }

  /// A plan from a folder, which has been checked.
  init(_ folder: PlanFolder) {
    entry = folder.manifest.entry
    segments = folder.manifest.segments.map {
      Segment(name: $0.name, range: $0.range, bytes: folder.contents[$0.file] ?? [])
    }
  }

  var lines: [String] {
    segments.map {
      "\($0.name.padded(to: 14))\($0.range), \($0.bytes.count) bytes of \($0.range.size)"
    } + ["entry".padded(to: 14) + "0x" + String(entry, radix: 16)]
  }

  func load(forCrash: Bool) throws(CallError) {
    let flags = forCrash ? UInt(KEXEC_ON_CRASH) : 0
    // The architecture in the upper half of the flags is left at 0, the running kernel's.
    let errno = unsafe withTable(segments[...], []) { table in
      unsafe table.withUnsafeBufferPointer {
        unsafe ckexec_load(UInt(entry), UInt($0.count), $0.baseAddress, flags)
      }
    }
    try CallError.check(errno, of: call)
  }

  /// Lends the bytes of all segments at once, one within the other: there are 16 at most.
  private func withTable(
    _ rest: ArraySlice<Segment>, _ table: [kexec_segment], _ body: ([kexec_segment]) -> CInt
  ) -> CInt {
    guard let segment = rest.first else { return unsafe body(table) }
    return unsafe segment.bytes.withUnsafeBytes { bytes in
      let row = unsafe kexec_segment(
        buf: bytes.baseAddress, bufsz: .init(bytes.count),
        mem: UnsafeRawPointer(bitPattern: UInt(segment.range.start)),
        memsz: .init(segment.range.size))
      return unsafe withTable(rest.dropFirst(), table + [row], body)
    }
  }
}
