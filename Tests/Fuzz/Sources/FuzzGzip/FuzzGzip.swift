// SPDX-License-Identifier: Apache-2.0

import FuzzCompression

/// Starts libFuzzer.
@_cdecl("fuzz_gzip_main")
public func main(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
  startFuzzer(count, arguments, fuzzGzip)
}

/// One input of libFuzzer.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzGzip(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  fuzzCompression(.gzip, start, count)
}
