// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory

/// Something that is handed over, and its memory to its exact size.
struct PlacedInput {
  let input: KexecInput
  /// The property that says where it is.
  let property: String
  let range: PhysicalRange

  /// Nil for what no property tells of.
  init?(_ input: KexecInput, _ range: PhysicalRange) {
    guard let property = input.property else { return nil }
    (self.input, self.property, self.range) = (input, property, range)
  }

  /// The memory, as messages call it; that of secrets is not shown.
  var place: String { input.isSecret ? "its memory" : "\(range)" }
}
