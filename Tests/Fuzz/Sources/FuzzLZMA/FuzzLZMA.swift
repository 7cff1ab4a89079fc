// SPDX-License-Identifier: Apache-2.0

import FuzzCompression

/// Starts libFuzzer.
@_cdecl("fuzz_lzma_main")
public func main(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
  startFuzzer(count, arguments, fuzzLZMA)
}

/// One input of libFuzzer.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzLZMA(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  fuzzCompression(.lzma, start, count)
}
