// SPDX-License-Identifier: Apache-2.0

extension Double {
  /// The nearest whole number; of numbers that are not negative. (`rounded()` takes libm.)
  var nearest: Int { Int(self + 0.5) }

  /// The same, or the next whole number above.
  var raised: Int { Double(Int(self)) < self ? Int(self) + 1 : Int(self) }
}

/// A length with one decimal at the most.
func number(_ value: Double) -> String {
  let tenths = (value * 10).nearest
  return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
}
