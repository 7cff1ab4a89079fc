// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import SystemPackage

/// The file in the root of a capture that describes how it was taken, one fact on each line.
///
/// ```
/// dtfix-capture 1
/// dtfix 0.1.0
/// arch aarch64
/// page-size 4096
/// secret sys/firmware/fdt:/chosen:kaslr-seed 8
/// unread proc/kcore permission denied
/// ```
struct CaptureFile {
  var facts: CaptureFacts
  var secrets: [Capture.Secret]
  var unread: [Capture.Unread]

  /// The largest file that is read, in bytes: some lines for each of many CPUs.
  static let sizeLimit = 4 << 20

  var text: String {
    var lines = ["dtfix-capture 1", "dtfix \(facts.version)"]
    if let architecture = facts.architecture { lines.append("arch \(architecture)") }
    if let pageSize = facts.pageSize { lines.append("page-size \(pageSize)") }
    lines += secrets.map { "secret \($0.path) \($0.byteCount)" }
    lines += unread.map { "unread \($0.path) \($0.reason)" }
    return lines.map { $0 + "\n" }.joined()
  }
}

extension CaptureFile {
  /// Reads a file's text, in the order in which ``text`` writes it.
  init(text: String) throws(MemoryMap.BadLine) {
    var lines = LineReader(text)
    guard lines.next("dtfix-capture", \.nonempty) == "1",
      let version = lines.next("dtfix", \.nonempty)
    else { throw MemoryMap.BadLine(next: lines) }
    let architecture = lines.next("arch", \.nonempty)
    // A page is a power of two; the largest of Linux has 256 KiB, and there is room for larger ones.
    let pageSize = lines.next("page-size") { text in
      text.decimal.flatMap { $0.nonzeroBitCount == 1 && 1 << 12...1 << 20 ~= $0 ? $0 : nil }
    }
    facts = CaptureFacts(version: version, architecture: architecture, pageSize: pageSize)
    secrets = []
    while let secret = lines.next("secret", Capture.Secret.init(words:)) { secrets.append(secret) }
    unread = []
    while let file = lines.next("unread", Capture.Unread.init(words:)) { unread.append(file) }
    guard lines.isAtEnd else { throw MemoryMap.BadLine(next: lines) }
  }
}

extension MemoryMap.BadLine {
  /// The line that was not read.
  fileprivate init(next lines: LineReader) {
    self.init(number: lines.number, text: lines.text(ofLine: lines.number) ?? "(the end)")
  }
}

extension String {
  fileprivate var nonempty: String? { isEmpty ? nil : self }
}

extension Capture.Secret {
  fileprivate init?(words text: String) {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 2, let byteCount = words[1].decimal.flatMap(Int.init(exactly:)) else {
      return nil
    }
    self.init(path: String(words[0]), byteCount: byteCount)
  }
}

extension Capture.Unread {
  fileprivate init?(words text: String) {
    guard let blank = text.firstIndex(of: " "), blank != text.startIndex else { return nil }
    self.init(path: String(text[..<blank]), reason: String(text[text.index(after: blank)...]))
  }
}

extension RunningKernel {
  /// The file of a capture; nil on this machine and in a folder without one.
  func captureFile() throws(MachineError) -> CaptureFile? {
    guard !isLive else { return nil }
    let file = path(FilePath(Capture.factsPath))
    let bytes: [UInt8]
    do {
      bytes = try readFile(file, limit: CaptureFile.sizeLimit)
    } catch .missing, .notRegular(_, .folder) {
      // A root of another system may have such a folder.
      return nil
    }
    do throws(MemoryMap.BadLine) {
      return try CaptureFile(text: String(decoding: bytes, as: UTF8.self))
    } catch {
      throw MachineError(error, in: file)
    }
  }
}
