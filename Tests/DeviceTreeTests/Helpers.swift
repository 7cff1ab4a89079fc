// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

extension Fixtures {
  /// The text of a source in `dts/`.
  static func text(_ source: String) throws -> String {
    String(decoding: try contents(of: "\(package)/dts/\(source).dts"), as: UTF8.self)
  }

  /// The captured machines.
  static let machines = [
    "arm64-virt-1g-6.1", "arm64-virt-2g-6.12-kf", "arm64-virt-6.12", "arm64-virt-6.12-kf",
    "arm64-virt-6g-highlow-6.12-kf", "arm64-virt-uefi-acpi-6.12", "arm64-virt-uefi-dt-6.12-kf",
    "pseries-6.12", "pseries-7.2-kf", "riscv64-virt-6.12", "riscv64-virt-7.2-kf",
  ]

  /// The tree a captured machine booted with.
  static func tree(ofMachine name: String) throws -> [UInt8] {
    try contents(of: machine(name) + "/sys/firmware/fdt")
  }

  /// A source in `dts/`, opened.
  static func tree(_ source: String) throws -> DeviceTree {
    try DeviceTree(blob: blob(source))
  }
}

extension DeviceTree {
  /// The tree that dtc makes of a source.
  init(compiling source: String) throws {
    try self.init(blob: Fixtures.compile(source))
  }

  /// The tree that dtc makes of what stands inside a root node.
  init(root source: String) throws {
    try self.init(compiling: "/dts-v1/; / { \(source) };")
  }
}

/// What fdtget prints of a blob, line by line.
func fdtget(_ blob: [UInt8], _ options: [String] = [], _ names: String...) throws -> [String] {
  let result = try run("fdtget", options + ["-"] + names, input: blob)
  #expect(result.status == 0, "\(result.errors)")
  return result.text.split(separator: "\n").map(String.init)
}

/// What fdtdump prints of a blob.
func fdtdump(_ blob: [UInt8]) throws -> String {
  let result = try run("fdtdump", ["-"], input: blob)
  #expect(result.status == 0, "\(result.errors)")
  return result.text
}
