// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import SystemPackage

/// A capture that is being taken.
struct CaptureDraft {
  let machine: RunningKernel
  /// How the machine was taken, if it is a capture itself.
  private let origin: CaptureFile?
  private var entries: [String: [UInt8]?] = [:]
  private var secrets: [String: Int] = [:]
  private var unread: [String: String] = [:]
  private var hasTree = false

  init(of machine: RunningKernel, _ origin: CaptureFile?) {
    self.machine = machine
    self.origin = origin
    // What was missing then is missing now; what is a secret shows.
    for item in origin?.unread ?? [] { unread[item.path] = item.reason }
  }

  /// Saves a file; nil for an empty folder.
  mutating func add(_ path: String, _ bytes: [UInt8]?) {
    entries.updateValue(bytes, forKey: path)
  }

  /// Notes a secret in whose place there are zeros.
  mutating func addSecret(_ path: String, byteCount: Int) {
    secrets[path.escaped] = byteCount
  }

  /// Notes what could not be read, unless it is not there at all.
  mutating func addUnread(_ path: String, _ error: MachineError) {
    if case .missing = error { return }
    addUnread(path, because: error.reason)
  }

  mutating func addUnread(_ path: String, because reason: String) {
    unread[path.escaped] = String(reason.unicodeScalars.map { $0.isControl ? "?" : Character($0) })
  }

  /// Saves a file as it is, if it is there.
  mutating func addFile(_ path: String, limit: Int = 1 << 20) {
    do throws(MachineError) {
      add(path, try readFile(machine.path(FilePath(path)), limit: limit))
    } catch {
      addUnread(path, error)
    }
  }

  mutating func addedTree() { hasTree = true }

  /// All of it, with the file that says how it was taken.
  func capture(version: String) -> Capture {
    let secrets = secrets.map { Capture.Secret(path: $0, byteCount: $1) }
      .sorted { $0.path.isBefore($1.path) }
    let unread = unread.map { Capture.Unread(path: $0, reason: $1) }
      .sorted { $0.path.isBefore($1.path) }
    let kernel = machine.snapshot(of: .kernel)
    let facts = CaptureFacts(
      version: version, architecture: origin?.facts.architecture ?? kernel.architectureName,
      pageSize: origin?.facts.pageSize ?? kernel.pageSize)
    let file = CaptureFile(facts: facts, secrets: secrets, unread: unread)
    let all = entries.merging([Capture.factsPath: Array(file.text.utf8)]) { $1 }
    return Capture(
      facts: facts,
      entries: all.map { Capture.Entry(path: $0, bytes: $1) }.sorted { $0.path.isBefore($1.path) },
      secrets: secrets, unread: unread, isUseful: hasTree || hasMemory)
  }

  /// Whether the memory map was saved, and tells addresses.
  private var hasMemory: Bool {
    guard case .some(.some) = entries["proc/iomem"] else { return false }
    guard let map = savedMemoryMap else { return true }
    return !map.isEmpty && !map.isHidden
  }

  /// The memory map that was saved; nil without one that can be read.
  var savedMemoryMap: MemoryMap? {
    guard case .some(.some(let bytes)) = entries["proc/iomem"] else { return nil }
    return try? MemoryMap(bytes.span)
  }
}

extension CaptureFile {
  init(facts: CaptureFacts, secrets: [Capture.Secret], unread: [Capture.Unread]) {
    self.facts = facts
    self.secrets = secrets
    self.unread = unread
  }
}

extension String {
  /// Whether a path comes before another one: what is in a folder follows it, and nothing is between.
  fileprivate func isBefore(_ other: String) -> Bool {
    func keys(_ path: String) -> some Sequence<UInt8> {
      path.utf8.lazy.map { $0 == UInt8(ascii: "/") ? 0 : $0 }
    }
    return keys(self).lexicographicallyPrecedes(keys(other))
  }

  /// A path as one word of printable ASCII.
  fileprivate var escaped: String {
    let digits = Array("0123456789abcdef")
    return utf8.reduce(into: "") { text, byte in
      if 0x21...0x7e ~= byte, byte != UInt8(ascii: "%") {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        text += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
      }
    }
  }
}

extension Unicode.Scalar {
  fileprivate var isControl: Bool { properties.generalCategory == .control }
}
