// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Captured machines, boards' trees and our own sources, as `Tests/Fixtures/README.md` describes them.
public enum Fixtures {
  /// The package's folder.
  public static let package =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  /// A captured machine's folder, usable as `--root`, with `oracle/` in it.
  public static func machine(_ name: String) throws -> String {
    try unpacked(archive: "machines/" + name) + "/" + name
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

  /// A source in `dts/`, compiled by dtc.
  public static func blob(_ source: String) throws -> [UInt8] {
    try compile(String(contentsOfFile: "\(package)/dts/\(source).dts", encoding: .utf8))
  }

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

  private static func unpacked(archive: String) throws -> String {
    try UnpackedArchives.shared.folder(of: "\(package)/Tests/Fixtures/\(archive).tar.xz").path
  }
}

/// Archives unpacked so far in this run, each once.
private final class UnpackedArchives: @unchecked Sendable {
  static let shared = UnpackedArchives()

  private let lock = NSLock()
  private var folders: [String: TemporaryFolder] = [:]

  /// Statics outlive the program, so nothing else would remove their folders.
  func removeAll() {
    folders = [:]
  }

  func folder(of archive: String) throws -> TemporaryFolder {
    lock.lock()
    defer { lock.unlock() }
    if let folder = folders[archive] { return folder }
    let folder = try TemporaryFolder()
    if folders.isEmpty { atexit { UnpackedArchives.shared.removeAll() } }
    let result = try run("tar", ["-xJf", archive, "-C", folder.path])
    guard result.status == 0 else { throw Fixtures.DTCError(errors: result.errors) }
    folders[archive] = folder
    return folder
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
