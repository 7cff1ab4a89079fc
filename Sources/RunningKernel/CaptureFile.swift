// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import SystemPackage

/// The file in the root of a capture that says how it was taken: one fact a line.
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

  /// A line that cannot be read, counted from 1.
  struct BadLine: Error {
    let number: Int
    let text: String
  }

  /// Reads a file's text: as ``text`` writes it, in that order.
  init(text: String) throws(BadLine) {
    var lines = Lines(text)
    guard lines.next("dtfix-capture") == "1", let version = lines.next("dtfix") else {
      throw lines.bad
    }
    let architecture = lines.next("arch")
    let pageSize = lines.next("page-size")
    let size = pageSize?.decimal
    // A page is a power of two; the largest of Linux has 256 KiB, and there is room for larger ones.
    guard
      pageSize == nil || size.map({ $0.nonzeroBitCount == 1 && 1 << 12...1 << 20 ~= $0 }) == true
    else { throw lines.bad(before: 1) }
    facts = CaptureFacts(version: version, architecture: architecture, pageSize: size)
    secrets = []
    while let secret = lines.next("secret") {
      let words = secret.split(separator: " ", omittingEmptySubsequences: false)
      guard words.count == 2, let byteCount = words[1].decimal.flatMap(Int.init(exactly:)) else {
        throw lines.bad(before: 1)
      }
      secrets.append(Capture.Secret(path: String(words[0]), byteCount: byteCount))
    }
    unread = []
    while let line = lines.next("unread") {
      guard let blank = line.firstIndex(of: " "), blank != line.startIndex else {
        throw lines.bad(before: 1)
      }
      unread.append(
        Capture.Unread(
          path: String(line[..<blank]), reason: String(line[line.index(after: blank)...])))
    }
    guard lines.isAtEnd else { throw lines.bad }
  }
}

/// The lines of the file, one after the other.
private struct Lines {
  private let lines: [Substring]
  private var number = 0

  init(_ text: String) {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last == "" { lines.removeLast() }
    self.lines = lines
  }

  var isAtEnd: Bool { number == lines.count }

  /// What the next line says, if it begins with a word, and says anything.
  mutating func next(_ word: String) -> String? {
    guard number < lines.count, lines[number].hasPrefix(word + " ") else { return nil }
    let text = lines[number].dropFirst(word.count + 1)
    guard !text.isEmpty else { return nil }
    number += 1
    return String(text)
  }

  /// The line that was not taken, or one before it.
  func bad(before count: Int = 0) -> CaptureFile.BadLine {
    let place = number - count
    let text = place < lines.count ? lines[place] : "(the end)"
    return CaptureFile.BadLine(number: place + 1, text: String(text.prefix(80)))
  }

  var bad: CaptureFile.BadLine { bad() }
}

extension RunningKernel {
  /// What the file of a capture says; nil on this machine, and in a folder that has none.
  func captureFile() throws(MachineError) -> CaptureFile? {
    guard !isLive else { return nil }
    let place = path(FilePath(Capture.factsPath))
    let bytes: [UInt8]
    do throws(MachineError) {
      bytes = try readFile(place, limit: CaptureFile.sizeLimit)
    } catch {
      switch error {
      // A root of another system may have such a folder.
      case .missing, .notRegular(_, .folder): return nil
      default: throw error
      }
    }
    do throws(CaptureFile.BadLine) {
      return try CaptureFile(text: String(decoding: bytes, as: UTF8.self))
    } catch {
      throw .malformedLine(place, line: error.number, text: error.text)
    }
  }

  /// The facts of that file.
  func captureFacts() throws(MachineError) -> CaptureFacts? { try captureFile()?.facts }
}
