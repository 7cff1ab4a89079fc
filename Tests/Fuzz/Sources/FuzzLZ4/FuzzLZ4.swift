// SPDX-License-Identifier: Apache-2.0

import FuzzCompression

/// Starts libFuzzer.
@_cdecl("fuzz_lz4_main")
public func main(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
  startFuzzer(count, arguments, fuzzLZ4)
}

/// One input of libFuzzer.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzLZ4(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  fuzzCompression(.lz4, start, count)
}
