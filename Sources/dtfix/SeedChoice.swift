// SPDX-License-Identifier: Apache-2.0

import Kexec
import Loading

/// Where a seed comes from: `random`, `none`, or the bytes themselves.
enum SeedChoice {
  case random
  case none
  case given([UInt8])

  /// The bytes; fresh ones from getrandom(2), which waits until the kernel's generator is ready.
  func bytes(count: Int) throws(Failure) -> [UInt8]? {
    switch self {
    case .none: return nil
    case .given(let bytes): return bytes
    case .random:
      return try failing { () throws(KexecError) in try Seeds.randomBytes(count) }
    }
  }
}
