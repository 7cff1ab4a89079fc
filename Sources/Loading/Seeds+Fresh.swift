// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Kexec

extension Seeds {
  /// Fresh ones from getrandom(2), which waits until the kernel's generator is ready.
  ///
  /// - Throws: `KexecError.Kind.systemCall` where there is no such generator.
  public static func fresh() throws(KexecError) -> Seeds {
    Seeds(kaslr: try randomBytes(kaslrSize), rng: try randomBytes(rngSize))
  }

  /// Fresh bytes. Called by its POSIX name, getentropy(3), which gives all bytes or none, 256 at most.
  package static func randomBytes(_ count: Int) throws(KexecError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let result = unsafe bytes.withUnsafeMutableBytes { unsafe getentropy($0.baseAddress, count) }
    guard result == 0 else { throw KexecError(.systemCall, "getrandom: no random bytes") }
    return bytes
  }
}
