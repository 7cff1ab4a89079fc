// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF
import SystemPackage

/// What the head of `/proc/kcore` tells about a kernel.
struct CoreFile {
  /// The ELF architecture: `e_machine`.
  let machine: UInt16
  /// The lines `NAME=VALUE` of the vmcoreinfo note; empty without one.
  let vmcoreinfo: [String: String]

  /// The architectures that have trees or core headers here, by `e_machine`.
  var architectureName: String? {
    switch machine {
    case 21: "ppc64le"
    case 40: "armv7l"
    case 62: "x86_64"
    case 183: "aarch64"
    case 243: "riscv64"
    case 258: "loongarch64"
    default: nil
    }
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    let file = try ELFFile(bytes.span)
    machine = file.machine
    let note = try file.notes(in: bytes.span).first { $0.name == "VMCOREINFO" }
    let text = String(decoding: note?.descriptor ?? [], as: UTF8.self)
    vmcoreinfo = text.split(separator: "\n").reduce(into: [:]) { facts, line in
      guard let sign = line.firstIndex(of: "=") else { return }
      facts[String(line[..<sign])] = String(line[line.index(after: sign)...])
    }
  }
}

extension RunningKernel {
  /// The head of a captured `/proc/kcore`; nil when the capture has none.
  func core() throws(MachineError) -> CoreFile? {
    let path = path("proc/kcore")
    do throws(MachineError) {
      let bytes = try readFile(path, limit: 64 << 20)
      do throws(FormatError) {
        return try CoreFile(bytes)
      } catch {
        throw MachineError.malformed(path, error)
      }
    } catch .missing {
      return nil
    }
  }
}
