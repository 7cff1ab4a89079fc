// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BinaryFormat
import CrashCore
import DeviceTree
import Kexec
import Loading
import PhysicalMemory

/// The values of options, read with a reason for those that are refused.
enum Parse {
  static func range(_ text: String) throws -> PhysicalRange {
    guard let range = PhysicalRange(text: text) else {
      throw ValidationError(PhysicalRange.textForms)
    }
    return range
  }

  static func address(_ text: String) throws -> UInt64 {
    guard let number = UInt64(address: text) else {
      throw ValidationError("an address is decimal or 0x…, below 2^64")
    }
    return number
  }

  /// `VADDR:RANGE`.
  static func kernelText(_ text: String) throws -> CoreHeader.KernelText {
    guard let (start, lie) = halves(of: text, at: ":") else {
      throw ValidationError("the kernel's text is VADDR:RANGE")
    }
    return CoreHeader.KernelText(virtualAddress: try address(start), range: try range(lie))
  }

  /// `NAME=RANGE`; the name is checked later.
  static func extra(_ text: String) throws -> KexecRequest.Input {
    guard let (name, place) = halves(of: text, at: "="), !name.isEmpty else {
      throw ValidationError(
        "an extra is NAME=RANGE: a property of /chosen, and the memory it names")
    }
    return .init(.extra(name), .at(try range(place)))
  }

  /// `NAME=FILE`.
  static func extraFile(_ text: String) throws -> PlanInputs.ExtraFile {
    guard let (name, path) = halves(of: text, at: "="), !name.isEmpty, !path.isEmpty else {
      throw ValidationError("an extra is NAME=FILE: a property of /chosen, and the bytes it names")
    }
    return PlanInputs.ExtraFile(name: name, path: path)
  }

  /// Fresh random bytes for `random`, nil for `none`, else the given number; a seed of 0 would look like a used
  /// one.
  static func kaslrSeed(_ text: String) throws -> [UInt8]? {
    try seed(text, count: Seeds.kaslrSize) {
      guard let number = text.prefixedHexadecimal, number != 0 else {
        throw ValidationError("--kaslr-seed is random, none or 0x… of up to 16 digits, not 0")
      }
      return PropertyValue.u64(number).bytes
    }
  }

  /// The same for the seed of the random number generator, in hexadecimal digits.
  static func rngSeed(_ text: String) throws -> [UInt8]? {
    try seed(text, count: Seeds.rngSize) {
      guard let bytes = [UInt8](hexDigits: text), !bytes.isEmpty else {
        throw ValidationError("--rng-seed is random, none or pairs of hexadecimal digits")
      }
      return bytes
    }
  }

  private static func seed(
    _ text: String, count: Int, given: () throws -> [UInt8]
  ) throws -> [UInt8]? {
    switch text {
    case "none": nil
    case "random": try failing { () throws(KexecError) in try Seeds.randomBytes(count) }
    default: try given()
    }
  }

  /// The text before and after the first separator; nil without one.
  private static func halves(of text: String, at separator: Character) -> (String, String)? {
    let halves = text.split(separator: separator, maxSplits: 1, omittingEmptySubsequences: false)
    return halves.count == 2 ? (String(halves[0]), String(halves[1])) : nil
  }
}

// Rows of the option table: the kind of value, then the help text.

extension ArgumentHelp {
  /// The help text of an option, and what it calls its value.
  static func value(_ name: String, _ text: String) -> ArgumentHelp {
    ArgumentHelp(text, valueName: name)
  }
}

extension Option<PhysicalRange?> {
  /// A range of physical addresses.
  init(range help: String) { self.init(help: .value("range", help), transform: Parse.range) }
}

extension Option<[PhysicalRange]> {
  /// Ranges of physical addresses; the option may be repeated.
  init(wrappedValue: [PhysicalRange], ranges help: String) {
    self.init(
      wrappedValue: wrappedValue, help: .value("range", help), transform: Parse.range)
  }
}

extension Option<UInt64?> {
  /// A number of 64 bits, called by `name`.
  init(address help: String, name: String = "address") {
    self.init(help: .value(name, help), transform: Parse.address)
  }
}

/// Refuses options unless a condition holds.
func require(_ condition: Bool, _ message: String) throws {
  guard condition else { throw ValidationError(message) }
}
