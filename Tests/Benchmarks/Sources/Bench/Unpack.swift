// SPDX-License-Identifier: Apache-2.0

import CPeer
import Compression
import Foundation
import KernelImage

/// The ways kernels are compressed; a file is named, as its size is then stated if the format can.
private let compressors: [(format: CompressionFormat, command: [String])] = [
  (.gzip, ["gzip", "-9"]),
  (.zstd, ["zstd", "-q", "-19"]),
  (.xz, ["xz", "-6", "--check=crc32"]),
  (.lzma, ["xz", "-6", "--format=lzma"]),
  (.lz4, ["lz4", "-q", "-9"]),
  (.lz4Legacy, ["lz4", "-q", "-l", "-9"]),
  (.lzop, ["lzop", "-9"]),
]

/// Times unpacking against the bare libraries.
func timeUnpacking(_ path: String, in folder: String) throws {
  let content = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
  print("Unpacking \(path), \(content.count) bytes: medians of interleaved calls, in milliseconds.")
  print("  C         the bare library, told the size; for lzop liblzo2 in a process of its own")
  print("  declared  told the size, as by a zboot image")
  print("  alone     not told the size, as a packed file; lzma says none")
  print("  kernel    the same opened down to the kernel, as dtfix image does")
  print("stream           bytes        C  declared  ratio     alone  ratio   kernel  ratio")
  for (format, command) in compressors {
    let stream = folder + "/" + format.rawValue
    try compress(path, command, to: stream)
    try time(format, stream, content, name: command.joined(separator: " "))
  }
}

private func compress(_ path: String, _ command: [String], to output: String) throws {
  _ = FileManager.default.createFile(atPath: output, contents: nil)
  let result = try runTool(command + ["-c", path], output: FileHandle(forWritingAtPath: output))
  precondition(result == 0, "\(command) compresses")
}

private func time(
  _ format: CompressionFormat, _ path: String, _ content: [UInt8], name: String
) throws {
  let stream = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
  let unpacked = try format.unpack(stream.span)
  precondition(unpacked.bytes == content, "what is unpacked is what was packed")
  var times: [[Int64]] = [[], [], [], []]
  for _ in 0..<15 {
    let peer =
      format == .lzop
      ? try timeLZO(path)
      : peer_unpack(format.rawValue, stream, stream.count, content.count)
    times[0].append(peer)
    times[1].append(
      try nanoseconds { _ = try format.unpack(stream.span, expectedSize: content.count) })
    times[2].append(try nanoseconds { _ = try format.unpack(stream.span) })
    times[3].append(try nanoseconds { _ = try KernelFile(stream.span) })
  }
  let (peer, declared, alone, kernel) = (
    median(times[0]) / 1e6, median(times[1]) / 1e6, median(times[2]) / 1e6, median(times[3]) / 1e6
  )
  print(
    name.padding(toLength: 20, withPad: " ", startingAt: 0),
    String(
      format: "%9d %8.1f %9.1f %6.2f %9.1f %6.2f %8.1f %6.2f", stream.count, peer, declared,
      declared / peer, alone, alone / peer, kernel, kernel / peer))
}

private func nanoseconds(_ body: () throws -> Void) rethrows -> Int64 {
  let start = DispatchTime.now().uptimeNanoseconds
  try body()
  return Int64(DispatchTime.now().uptimeNanoseconds - start)
}

/// What `peer-lzo` prints; -1 when this machine has no liblzo2.
private func timeLZO(_ path: String) throws -> Int64 {
  let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    .appendingPathComponent("peer-lzo").path
  let pipe = Pipe()
  guard try runTool([program, path], output: pipe.fileHandleForWriting) == 0 else { return -1 }
  pipe.fileHandleForWriting.closeFile()
  let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  return Int64(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? -1
}

private func runTool(_ command: [String], output: FileHandle?) throws -> Int32 {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = command
  process.standardOutput = output
  try process.run()
  process.waitUntilExit()
  return process.terminationStatus
}

/// Unpacks one file and prints how much memory that took at its peak, beside the file itself.
func printPeak(_ path: String) throws {
  let stream = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
  guard let format = CompressionFormat(recognizing: stream.span) else { return }
  try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
  let before = residentKiB("VmRSS")
  do throws(CompressionError) {
    let unpacked = try format.unpack(stream.span)
    let (size, peak) = (unpacked.bytes.count / 1024, residentKiB("VmHWM") - before)
    print("\(format): \(size) KiB unpacked, \(peak) KiB taken, that is \(peak - size) more")
  } catch {
    print(error)
  }
}

/// A figure of `/proc/self/status`; the peak, VmHWM, starts anew when clear_refs is written.
private func residentKiB(_ name: String) -> Int {
  let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
  let line = status.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
  return Int(line.filter(\.isNumber)) ?? 0
}
