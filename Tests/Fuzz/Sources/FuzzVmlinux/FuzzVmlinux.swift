// SPDX-License-Identifier: Apache-2.0

import FuzzKernel

/// Starts libFuzzer.
@_cdecl("fuzz_vmlinux_main")
public func main(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
  startFuzzer(count, arguments, fuzzVmlinux)
}

/// One input of libFuzzer: any bytes as an ELF file of 64 bits.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzVmlinux(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  fuzzKernel([0: [0x7f, 0x45, 0x4c, 0x46, 2], 6: [1]], start, count)
}
