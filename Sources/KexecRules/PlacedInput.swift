// SPDX-License-Identifier: Apache-2.0

package import KexecFacts
package import PhysicalMemory

/// Something that is handed over, and its memory to its exact size.
package struct PlacedInput {
  package let input: KexecInput
  /// The property that says where it is.
  package let property: String
  package let range: PhysicalRange

  /// Nil for an input without a property.
  package init?(_ input: KexecInput, _ range: PhysicalRange) {
    guard let property = input.property else { return nil }
    (self.input, self.property, self.range) = (input, property, range)
  }

  /// The memory, as messages call it; that of secrets is not shown.
  package var place: String { input.isSecret ? "its memory" : "\(range)" }
}
