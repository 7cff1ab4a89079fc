// SPDX-License-Identifier: Apache-2.0

import Files
import RunningKernel
import SystemPackage

/// The bytes of a file, and the name that messages call it by.
struct InputFile {
  let name: String
  let bytes: [UInt8]

  init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }

  /// Reads a file, or standard input for `-`.
  init(_ path: String, limit: Int = RunningKernel.treeLimit) throws(Failure) {
    name = path == "-" ? "standard input" : path
    do throws(MachineError) {
      bytes = try readFile(FilePath(path), .all, limit: limit)
    } catch {
      throw Failure(error)
    }
  }

  /// Copies what was opened elsewhere.
  init(_ name: String, copying bytes: Span<UInt8>) throws(Failure) {
    guard bytes.count <= RunningKernel.treeLimit else {
      throw Failure(.tooLarge(FilePath(name), limit: RunningKernel.treeLimit))
    }
    self.name = name
    self.bytes = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
  }
}

/// Opens a file of any size, or standard input for `-`.
///
/// - Parameter pipeLimit: the most bytes that are read from a pipe.
func mappedFile(_ path: String, pipeLimit: Int = 1 << 30) throws(Failure) -> MappedFile {
  do throws(MachineError) {
    return try withFile(FilePath(path), .all) { file in
      guard let mapped = try MappedFile(file, limit: pipeLimit) else {
        throw MachineError.tooLarge(file.name, limit: pipeLimit)
      }
      return mapped
    }
  } catch {
    throw Failure(error)
  }
}
