// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Captured machines, boards' trees and our own sources, as `Tests/Fixtures/README.md` describes them.
public enum Fixtures {
  /// The package's folder.
  public static let package =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  /// A captured machine's folder, usable as `--root`, with `oracle/` and the live tree in it.
  public static func machine(_ name: String) throws -> String {
    try unpacked(archive: "machines/" + name) + "/" + name
  }

  /// The folder of what kernels have measured: `lists/`, `buffers/` and what one `restored/` of these.
  public static func measurements() throws -> String {
    try unpacked(archive: "measurements") + "/measurements"
  }

  /// The paths of all boards' blobs, overlays (`.dtbo`) included.
  public static func boards() throws -> [String] {
    let folder = try unpacked(archive: "boards") + "/boards"
    let paths = FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? []
    return paths.filter { $0.hasSuffix(".dtb") || $0.hasSuffix(".dtbo") }.sorted().map {
      folder + "/" + $0
    }
  }

  /// The names of our own sources in `dts/`, without `.dts`.
  public static let sources = [
    "qemu-arm64-virt", "qemu-riscv64-virt", "qemu-ppc64-pseries", "cells-1-1", "acpi-stub",
    "reserved-memory", "board", "stale-handover",
  ]

  /// A source in `dts/`, compiled by dtc, once.
  public static func blob(_ source: String) throws -> [UInt8] {
    if let known = blobs.withLock({ $0[source] }) { return known }
    let blob = try compile(
      String(contentsOfFile: "\(package)/dts/\(source).dts", encoding: .utf8))
    blobs.withLock { $0[source] = blob }
    return blob
  }

  private static let blobs = Mutex<[String: [UInt8]]>([:])

  /// Compiles device-tree source with dtc.
  ///
  /// - Parameter options: of dtc, besides the formats.
  public static func compile(_ source: String, _ options: String...) throws -> [UInt8] {
    let result = try run(
      "dtc", ["-q", "-I", "dts", "-O", "dtb"] + options, input: Array(source.utf8))
    guard result.status == 0 else { throw DTCError(errors: result.errors) }
    return result.output
  }

  /// What dtc prints of a blob, sorted: the text form in which trees are compared.
  public static func sortedSource(_ blob: [UInt8]) throws -> String {
    let result = try run("dtc", ["-q", "-s", "-I", "dtb", "-O", "dts"], input: blob)
    guard result.status == 0 else { throw DTCError(errors: result.errors) }
    return result.text
  }

  /// dtc refused what it was given.
  public struct DTCError: Error {
    /// What it said.
    public let errors: String
  }

  /// Puts the captured `/proc/device-tree`, an archive of its own, where a machine has it.
  private static func unpackLiveTree(in machine: String) throws {
    let archive = machine + "/proc-device-tree.tar"
    guard FileManager.default.fileExists(atPath: archive) else { return }
    let folder = machine + "/proc/device-tree"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let result = try run("tar", ["-xf", archive, "-C", folder])
    guard result.status == 0 else { throw DTCError(errors: result.errors) }
  }

  /// The folder of an archive's content: unpacked once, and found again by later runs.
  private static func unpacked(archive: String) throws -> String {
    let path = "\(package)/Tests/Fixtures/\(archive).tar.xz"
    let date = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
    let key = "\(archive)-\(Int(date?.timeIntervalSince1970 ?? 0))".replacing("/", with: "-")
    let place = "\(NSTemporaryDirectory())dtfix-fixtures-2-\(getuid())-\(key)"
    guard !FileManager.default.fileExists(atPath: place) else { return place }

    let folder = try TemporaryFolder()
    let result = try run("tar", ["-xJf", path, "-C", folder.path])
    guard result.status == 0 else { throw DTCError(errors: result.errors) }
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      try unpackLiveTree(in: folder / name)
    }
    // Another process may have been faster; what it unpacked is the same.
    _ = unsafe rename(folder.path, place)
    return place
  }
}

/// Reproducible random numbers: SplitMix64.
public struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  /// The same seed gives the same numbers.
  public init(seed: UInt64) { state = seed }

  /// The next number.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
