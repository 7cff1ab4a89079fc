// SPDX-License-Identifier: Apache-2.0

import CDTFix
import Kexec
import Loading

extension Seeds {
  /// A caller's seeds: what is missing is drawn afresh, unless none is wanted.
  static func requested(
    kaslr: [UInt8], rng: [UInt8], _ has: (Int) -> Bool
  ) throws(CallFailure) -> Seeds {
    let (noKASLR, noRNG) = (has(DTFIX_NO_KASLR_SEED), has(DTFIX_NO_RNG_SEED))
    guard !(noKASLR && !kaslr.isEmpty), !(noRNG && !rng.isEmpty) else {
      throw CallFailure(.usage, "a seed, and none is wanted")
    }
    guard kaslr.isEmpty || kaslr.count == kaslrSize else {
      throw .argument("kaslr_seed: \(kaslr.count) bytes, not \(kaslrSize)")
    }
    let (drawsKASLR, drawsRNG) = (kaslr.isEmpty && !noKASLR, rng.isEmpty && !noRNG)
    // They are waited for early in a boot: only by those who need some.
    var fresh = Seeds.none
    if drawsKASLR || drawsRNG {
      fresh = try ask { () throws(KexecError) in try Seeds.fresh() }
    }
    return Seeds(
      kaslr: noKASLR ? nil : drawsKASLR ? fresh.kaslr : kaslr,
      rng: noRNG ? nil : drawsRNG ? fresh.rng : rng)
  }
}
