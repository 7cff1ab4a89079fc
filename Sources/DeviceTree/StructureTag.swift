// SPDX-License-Identifier: Apache-2.0

/// A tag of the structure block: Devicetree Specification v0.4, section 5.4.1.
enum StructureTag: UInt32 {
  case beginNode = 1
  case endNode = 2
  case property = 3
  /// Padding; it stands where something was deleted in place.
  case nop = 4
  case end = 9
}
