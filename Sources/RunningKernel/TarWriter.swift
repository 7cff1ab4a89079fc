// SPDX-License-Identifier: Apache-2.0

import SystemPackage

extension Capture {
  /// The capture as a tar archive that unpacks to the folder: the same bytes for the same capture.
  ///
  /// POSIX.1-2017, pax: headers of ustar, and a pax record for a path that is too long for one. All
  /// members are root's, of 1970, and readable by their owner only.
  package var archive: [UInt8] {
    var writer = TarWriter()
    for entry in entries {
      let names = entry.path.split(separator: "/")[...]
      writer.addFolders(entry.bytes == nil ? names : names.dropLast())
      if let bytes = entry.bytes { writer.add(entry.path, bytes) }
    }
    return writer.finished()
  }
}

/// Writes a tar archive, member by member; `TarReader` reads it.
struct TarWriter {
  private var bytes: [UInt8] = []
  /// The folders from the archive's root to the last one written.
  private var open: [Substring] = []

  /// Writes the folders of a path that are not written yet.
  mutating func addFolders(_ names: ArraySlice<Substring>) {
    let common = zip(open, names).prefix { $0 == $1 }.count
    open.removeLast(open.count - common)
    for name in names.dropFirst(common) {
      open.append(name)
      addHeader(open.joined(separator: "/") + "/", type: "5", mode: 0o700, size: 0)
    }
  }

  /// Writes a file.
  mutating func add(_ path: String, _ content: [UInt8]) {
    addHeader(path, type: "0", mode: 0o600, size: content.count)
    addContent(content)
  }

  /// The archive, with the two blocks of zeros that end it.
  consuming func finished() -> [UInt8] {
    bytes + [UInt8](repeating: 0, count: 2 * TarReader.blockSize)
  }

  private mutating func addHeader(_ path: String, type: Unicode.Scalar, mode: Int, size: Int) {
    var name = Array(path.utf8)
    if name.count > 100 {
      let record = Self.paxRecord("path", path)
      addBlock(Array("pax".utf8), type: "x", mode: 0o600, size: record.count)
      addContent(record)
      // Programs that do not know pax see this much of it.
      name = Array(name.prefix(100))
    }
    addBlock(name, type: type, mode: mode, size: size)
  }

  /// Writes a header block, with the sum of its bytes; the field of the sum counts as blanks.
  private mutating func addBlock(
    _ name: [UInt8], type: Unicode.Scalar, mode: Int, size: Int
  ) {
    var block = [UInt8](repeating: 0, count: TarReader.blockSize)
    func put(_ text: some Sequence<UInt8>, at offset: Int) {
      for (place, byte) in text.enumerated() { block[offset + place] = byte }
    }
    put(name, at: 0)
    put(Self.octal(mode, digits: 7), at: 100)
    for (offset, digits) in [(108, 7), (116, 7), (136, 11)] {
      put(Self.octal(0, digits: digits), at: offset)
    }
    put(Self.octal(size, digits: 11), at: 124)
    put("        ".utf8, at: 148)
    block[156] = UInt8(ascii: type)
    put("ustar\u{0}00root".utf8, at: 257)
    put("root".utf8, at: 297)
    let sum = block.reduce(0) { $0 + Int($1) }
    put(Self.octal(sum, digits: 6) + [0], at: 148)
    bytes += block
  }

  private mutating func addContent(_ content: [UInt8]) {
    bytes += content
    bytes += repeatElement(0, count: -content.count & (TarReader.blockSize - 1))
  }

  /// `LENGTH KEY=VALUE` and a newline; the length counts the whole record.
  private static func paxRecord(_ key: String, _ value: String) -> [UInt8] {
    let rest = Array(" \(key)=\(value)\n".utf8)
    var size = rest.count
    while "\(size)".utf8.count + rest.count != size { size = "\(size)".utf8.count + rest.count }
    return Array("\(size)".utf8) + rest
  }

  private static func octal(_ number: Int, digits: Int) -> [UInt8] {
    let text = String(number, radix: 8)
    return Array((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8)
  }
}
