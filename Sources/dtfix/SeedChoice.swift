// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kexec

/// Where a seed comes from: `random`, `none`, or the bytes themselves.
enum SeedChoice {
  case random
  case none
  case given([UInt8])

  /// The bytes; fresh ones from getrandom(2), which waits until the kernel's generator is ready.
  ///
  /// Called by its POSIX name, getentropy(3), which gives all bytes or none, 256 at most.
  func bytes(count: Int) throws(Failure) -> [UInt8]? {
    switch self {
    case .none: return nil
    case .given(let bytes): return bytes
    case .random:
      var bytes = [UInt8](repeating: 0, count: count)
      let result = unsafe bytes.withUnsafeMutableBytes { unsafe getentropy($0.baseAddress, count) }
      guard result == 0 else { throw Failure(.systemCall, "getrandom: no random bytes") }
      return bytes
    }
  }
}
