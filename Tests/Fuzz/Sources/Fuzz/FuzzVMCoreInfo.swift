// SPDX-License-Identifier: Apache-2.0

import CrashCore

/// One input of libFuzzer: any bytes as the text of a vmcoreinfo note. Every one is read; what was
/// read, written line by line, reads the same; plain text reads as it does byte by byte.
func fuzzVMCoreInfo(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let text = bytes(start, count)
  let info = VMCoreInfo(String(decoding: text, as: UTF8.self))

  for (key, value) in info.values {
    precondition(info[key] == value)
    guard let name = argument(of: key) else { continue }
    if let number = info.number(name), key.hasPrefix("NUMBER(") { check(number, in: value) }
    _ = info.symbol(name)
  }
  if let offset = info.kernelOffset { check(offset, in: "0x" + (info["KERNELOFFSET"] ?? "")) }
  if let size = info.pageSize { precondition(size.nonzeroBitCount == 1, "a power of two") }

  // Swift takes a carriage return and a newline for one character: no kernel writes one.
  guard text.allSatisfy({ $0 < 0x80 && $0 != UInt8(ascii: "\r") }) else { return 0 }
  precondition(info.values == values(in: text), "the lines, byte by byte")
  let lines = info.values.map { "\($0)=\($1)\n" }.joined()
  precondition(VMCoreInfo(lines) == info, "own text reads the same")
  return 0
}

/// The X in `NUMBER(X)`.
private func argument(of key: String) -> String? {
  guard let open = key.firstIndex(of: "("), key.last == ")" else { return nil }
  return String(key[key.index(after: open)...].dropLast())
}

/// A number that was read is the one that is written.
private func check(_ number: UInt64, in text: String) {
  if text.hasPrefix("0x") {
    precondition(UInt64(text.dropFirst(2), radix: 16) == number)
  } else {
    precondition(UInt64(text) == number || Int64(text) == Int64(bitPattern: number))
  }
}

private func values(in text: [UInt8]) -> [String: String] {
  var values: [String: String] = [:]
  for line in text.split(separator: UInt8(ascii: "\n")) {
    guard let sign = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
    let key = String(decoding: line[..<sign], as: UTF8.self)
    if values[key] == nil { values[key] = String(decoding: line[(sign + 1)...], as: UTF8.self) }
  }
  return values
}
