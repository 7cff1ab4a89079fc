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
      throw ValidationError(
        "a range is START+SIZE, START-LAST or SIZE@START, of at least one byte and below 2^64")
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
  static func extra(_ text: String) throws -> ExtraBuffer {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else {
      throw ValidationError(
        "an extra is NAME=RANGE: a property of /chosen, and the memory it tells of")
    }
    return ExtraBuffer(name: String(parts[0]), range: try range(String(parts[1])))
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

  static func unreservation(_ text: String) throws -> TreeEdit {
    .unreserve(try range(text))
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

  /// `PATH:PROPERTY=VALUE`, or `PATH:PROPERTY` for a property without bytes.
  static func setting(_ text: String) throws -> TreeEdit {
    let (node, rest) = try place(text)
    guard let rest, let name = rest.split(separator: "=", omittingEmptySubsequences: false).first,
      !name.isEmpty
    else { throw ValidationError("a setting is /node:property=value") }
    let source = String(rest.dropFirst(name.count + 1))
    guard let value = source.isEmpty ? .empty : PropertyValue(sourceText: source) else {
      throw ValidationError("a value is text, \"text\", <0x1 0x2>, [c0 de] or nothing")
    }
    return .set(String(name), node: node, value)
  }

  /// `PATH` or `PATH:PROPERTY`.
  static func deletion(_ text: String) throws -> TreeEdit {
    let (node, property) = try place(text)
    guard let property else { return .deleteNode(node) }
    return .deleteProperty(property, node: node)
  }

  /// A path, and what stands behind its colon.
  private static func place(_ text: String) throws -> (node: String, rest: String?) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let node = parts.first, !node.isEmpty, parts.last?.isEmpty == false else {
      throw ValidationError("a place is /node or /node:property")
    }
    return (String(node), parts.count == 2 ? String(parts[1]) : nil)
  }
}
