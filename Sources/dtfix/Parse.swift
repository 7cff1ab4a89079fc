// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BinaryFormat
import CrashCore
import DeviceTree
import Kexec
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
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else {
      throw ValidationError("the kernel's text is VADDR:RANGE")
    }
    return CoreHeader.KernelText(
      virtualAddress: try address(String(parts[0])), range: try range(String(parts[1])))
  }

  /// `NAME=RANGE`; the name is looked at later.
  static func extra(_ text: String) throws -> KexecRequest.Input {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else {
      throw ValidationError(
        "an extra is NAME=RANGE: a property of /chosen, and the memory it tells of")
    }
    return .init(.extra(String(parts[0])), .at(try range(String(parts[1]))))
  }

  /// `NAME=FILE`.
  static func extraFile(_ text: String) throws -> PlanParts.ExtraFile {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
      throw ValidationError(
        "an extra is NAME=FILE: a property of /chosen, and the bytes it tells of")
    }
    return PlanParts.ExtraFile(name: String(parts[0]), path: String(parts[1]))
  }

  static func kaslrSeed(_ text: String) throws -> SeedChoice {
    switch text {
    case "random": return .random
    case "none": return .none
    default:
      // A seed of 0 is what a used one looks like.
      guard let number = text.prefixedHexadecimal, number != 0 else {
        throw ValidationError("--kaslr-seed is random, none or 0x… of up to 16 digits, not 0")
      }
      return .given(PropertyValue.u64(number).bytes)
    }
  }

  static func rngSeed(_ text: String) throws -> SeedChoice {
    switch text {
    case "random": return .random
    case "none": return .none
    default:
      guard let bytes = [UInt8](hexDigits: text), !bytes.isEmpty else {
        throw ValidationError("--rng-seed is random, none or pairs of hexadecimal digits")
      }
      return .given(bytes)
    }
  }
}
