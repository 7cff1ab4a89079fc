// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import KexecCheck
package import KexecFacts
import KexecMerge
import KexecRules

extension KexecRequest {
  /// More than anybody has, and few enough to compare each with each.
  private static let mostExtras = 1000

  /// Refuses names that no property has, that are not the caller's to give, and that are there twice.
  package func checkExtras() throws(KexecError) {
    let names = extras.compactMap(\.input.property)
    guard names.count <= Self.mostExtras else {
      throw .tooMany(place: "extras", count: names.count, limit: Self.mostExtras)
    }
    var known: Set<String> = []
    for name in names {
      guard name.isPropertyName else {
        throw .badPart(
          .extra(name.utf8.visibleASCII(limit: 60)),
          reason: "a property's name has letters, digits and , . _ + ? # -",
          .specification("2.2.4.1"))
      }
      guard !ChosenProperty.taken.contains(name) else {
        throw .badPart(
          .extra(name), reason: "is not the name of a property of your own in /chosen", .caller)
      }
      guard known.insert(name).inserted else {
        throw .badPart(.extra(name), reason: "there are two of this name", .caller)
      }
    }
  }
}

extension String {
  /// Whether it is of the characters of property names, whatever its length: kernels know longer ones than
  /// the specification.
  fileprivate var isPropertyName: Bool {
    let others = Set(",._+?#-".utf8)
    return 1...255 ~= utf8.count
      && utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        default: others.contains(byte)
        }
      }
  }
}
