// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import Files
import Kexec
import SystemPackage

/// A capture in the making.
struct CaptureDraft {
  let machine: RunningKernel
  /// The machine's own file, if it is a capture.
  private let origin: CaptureFile?
  private var entries: [String: [UInt8]?] = [:]
  private var secrets: [String: Int] = [:]
  private var unread: [String: String] = [:]
  var hasTree = false

  init(of machine: RunningKernel, _ origin: CaptureFile?) {
    self.machine = machine
    self.origin = origin
    // Files that were unread are missing now; secrets are found again.
    for item in origin?.unread ?? [] { unread[item.path] = item.reason }
  }

  /// Saves a file; nil for an empty folder.
  mutating func add(_ path: String, _ bytes: [UInt8]?) {
    entries.updateValue(bytes, forKey: path)
  }

  /// Lists a secret that was zeroed.
  mutating func addSecret(_ path: String, byteCount: Int) {
    secrets[path.escaped] = byteCount
  }

  /// Saves a file that exists; one that cannot be read is listed.
  mutating func save(
    _ path: String, _ add: (inout CaptureDraft) throws(MachineError) -> Void
  ) {
    do throws(MachineError) {
      try add(&self)
    } catch {
      if case .missing = error { return }
      addUnread(path, because: error.reason)
    }
  }

  mutating func addUnread(_ path: String, because reason: String) {
    let shown = reason.unicodeScalars.map {
      $0.properties.generalCategory == .control ? "?" : Character($0)
    }
    unread[path.escaped] = String(shown)
  }

  /// Saves a file as it is, if it exists.
  mutating func addFile(_ path: String, limit: Int = 1 << 20) {
    save(path) { draft throws(MachineError) in
      draft.add(path, try readFile(draft.machine.path(FilePath(path)), limit: limit))
    }
  }

  /// The capture, with its own file.
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

  /// Whether the memory map was saved with its addresses.
  private var hasMemory: Bool {
    guard case .some(.some) = entries["proc/iomem"] else { return false }
    guard let map = savedMemoryMap else { return true }
    return !map.isEmpty && !map.isHidden
  }

  /// The memory map that was saved; nil for none, and for a malformed one.
  var savedMemoryMap: MemoryMap? {
    guard case .some(.some(let bytes)) = entries["proc/iomem"] else { return nil }
    return try? MemoryMap(bytes.span)
  }
}

extension String {
  /// Whether a path comes before another one, with the contents of a folder right after the folder.
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

// Both trees, and the head of `/proc/kcore`: files with secrets.
extension CaptureDraft {
  /// Leaves out a malformed blob: its secrets may be anywhere.
  mutating func addFlatTree() {
    let path = "sys/firmware/fdt"
    save(path) { draft throws(MachineError) in
      var blob = try draft.machine.flatTree()
      do throws(DeviceTreeError) {
        for secret in try DeviceTree.wipeSecrets(in: &blob) {
          draft.addSecret("\(path):\(secret.path)", byteCount: secret.byteCount)
        }
      } catch {
        // The value in the error may be part of a secret.
        throw .malformedTree(
          draft.machine.flatTreePath, DeviceTreeError(error.code, offset: error.offset))
      }
      draft.add(path, blob)
      draft.hasTree = true
    }
  }

  /// The live tree as a folder, also when it was an archive.
  mutating func addLiveTree() {
    let path = "proc/device-tree"
    guard machine.hasLiveTree else { return }
    save(path) { draft throws(MachineError) in
      let (root, leftOut) = try draft.machine.liveRootAndLeftOut()
      for item in leftOut { draft.addUnread(path + item.path, because: item.reason.reason) }
      draft.add(root, at: path)
      if !root.properties.isEmpty || !root.children.isEmpty { draft.hasTree = true }
    }
  }

  private mutating func add(_ node: Node, at path: String) {
    if node.properties.isEmpty, node.children.isEmpty { add(path, nil as [UInt8]?) }
    for property in node.properties {
      let place = "\(path)/\(property.name)"
      var bytes = property.value.bytes
      if property.isSecretFile {
        addSecret(place, byteCount: bytes.count)
        bytes = [UInt8](repeating: 0, count: bytes.count)
      }
      add(place, bytes)
    }
    for child in node.children { add(child, at: "\(path)/\(child.name)") }
  }

  /// The head of `/proc/kcore`, without the note about the reading process.
  mutating func addCore() {
    let path = "proc/kcore"
    save(path) { draft throws(MachineError) in
      let (bytes, taskSize) = try draft.machine.withCore { file in
        try KernelCore.head { try file.readBytes(at: $0) }
      }
      if taskSize > 0 { draft.addSecret("\(path):NT_TASKSTRUCT", byteCount: taskSize) }
      draft.add(path, bytes)
    }
  }
}

extension Property {
  /// Whether it is a secret, also in a file that the kernel renamed: `kaslr-seed#1`
  /// (`drivers/of/kobj.c:safe_name`).
  fileprivate var isSecretFile: Bool {
    let parts = name.split(separator: "#", omittingEmptySubsequences: false)
    let isRenamed = parts.count > 1 && parts[parts.count - 1].decimal != nil
    return SecretProperty.notCaptured.contains(name)
      || isRenamed && SecretProperty.notCaptured.contains(parts.dropLast().joined(separator: "#"))
  }
}
