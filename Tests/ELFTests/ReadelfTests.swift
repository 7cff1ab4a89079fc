// SPDX-License-Identifier: Apache-2.0

import ELF
import TestSupport
import Testing

private let machines = [
  "arm64-virt-1g-6.1", "arm64-virt-2g-6.12-kf", "arm64-virt-6.12", "arm64-virt-6.12-kf",
  "arm64-virt-6g-highlow-6.12-kf", "arm64-virt-uefi-acpi-6.12", "arm64-virt-uefi-dt-6.12-kf",
  "pseries-6.12", "pseries-7.2-kf", "riscv64-virt-6.12", "riscv64-virt-7.2-kf",
  "x86_64-q35-6.1", "x86_64-q35-6g-high-6.1", "x86_64-q35-hotplug-6.12",
  "x86_64-q35-la57-6.12",
]

@Suite struct `A kernel's core is read as readelf reads it` {
  @Test(arguments: machines)
  func `segment by segment`(name: String) throws {
    let path = try Fixtures.machine(name) + "/proc/kcore"
    let bytes = try contents(of: path)

    let headers = try ELFFile(bytes.span).programHeaders

    let table = try run("readelf", ["-lW", path]).text.split(separator: "\n")
      .map { $0.split(separator: " ") }
      .filter { ["LOAD", "NOTE"].contains($0.first) }
    #expect(headers.count > 2)
    #expect(headers.map(\.typeName) == table.map { String($0[0]) })
    #expect(headers.map(\.offset) == table.map { number($0[1]) })
    #expect(headers.map(\.virtualAddress) == table.map { number($0[2]) })
    #expect(headers.map(\.physicalAddress) == table.map { number($0[3]) })
    #expect(headers.map(\.fileSize) == table.map { number($0[4]) })
    #expect(headers.map(\.memorySize) == table.map { number($0[5]) })
  }

  @Test(arguments: machines)
  func `note by note`(name: String) throws {
    let path = try Fixtures.machine(name) + "/proc/kcore"
    let bytes = try contents(of: path)

    let notes = try ELFFile(bytes.span).notes(in: bytes.span)

    // Lines of readelf: owner, size, meaning.
    let table = try run("readelf", ["-nW", path]).text.split(separator: "\n")
      .map { $0.split { $0 == " " || $0 == "\t" } }
      .filter { $0.count > 2 && $0[1].hasPrefix("0x") }
    #expect(notes.count > 2)
    #expect(notes.map(\.name) == table.map { String($0[0]) })
    #expect(notes.map { UInt64($0.descriptor.count) } == table.map { number($0[1]) })
  }

  @Test(arguments: machines)
  func `with the note that tells how to read its memory`(name: String) throws {
    let folder = try Fixtures.machine(name)
    let bytes = try contents(of: folder + "/proc/kcore")

    let notes = try ELFFile(bytes.span).notes(in: bytes.span)

    let release = try contents(of: folder + "/proc/sys/kernel/osrelease")
    let vmcoreinfo = try #require(notes.first { $0.name == "VMCOREINFO" })
    #expect(vmcoreinfo.descriptor.starts(with: Array("OSRELEASE=".utf8) + release))
  }

  @Test func `as is a program of this machine`() throws {
    let bytes = try contents(of: programs + "/dtfix")

    let file = try ELFFile(bytes.span)

    let table = try run("readelf", ["-lW", programs + "/dtfix"]).text.split(separator: "\n")
      .map { $0.split(separator: " ") }
      .filter { ["LOAD", "NOTE"].contains($0.first) }
    let mine = file.programHeaders.filter {
      [ProgramHeader.load, ProgramHeader.note].contains($0.type)
    }
    #expect(!mine.isEmpty)
    #expect(mine.map(\.offset) == table.map { number($0[1]) })
    #expect(mine.map(\.memorySize) == table.map { number($0[5]) })
  }
}

extension ProgramHeader {
  fileprivate var typeName: String {
    switch type {
    case Self.load: "LOAD"
    case Self.note: "NOTE"
    default: "other"
    }
  }
}

/// A number as readelf prints it: `0x…`.
private func number(_ text: Substring) -> UInt64? {
  UInt64(text.dropFirst(2), radix: 16)
}
