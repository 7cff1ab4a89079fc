// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How much longer a larger input takes than a smaller one, in processor time of this thread, in which other
/// tests do not count.
public struct Growth {
  /// The time for the larger input, divided by the time for the smaller one.
  public private(set) var factor = Double.infinity
  /// The shortest time for the larger input.
  public private(set) var seconds = Double.infinity

  /// Whether a larger input of four times the size takes less than eight times as long, where a quadratic step
  /// would take sixteen.
  public var isLinear: Bool { factor < 8 }

  /// Measures both; the larger input is measured again, up to five times, only if it took too long.
  public init(from few: () throws -> Void, to many: () throws -> Void) rethrows {
    let base = try processorSeconds(few)
    for _ in 0..<5 where !isLinear {
      seconds = min(seconds, try secondsOnce(many))
      factor = seconds / base
    }
  }
}

/// The processor time of this thread for one run: the shortest of three, other tests do not count.
public func processorSeconds(_ body: () throws -> Void) rethrows -> Double {
  try (0..<3).map { _ in try secondsOnce(body) }.reduce(.infinity, min)
}

private func secondsOnce(_ body: () throws -> Void) rethrows -> Double {
  func now() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
  let start = now()
  try body()
  return now() - start
}
