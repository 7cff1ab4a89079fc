// SPDX-License-Identifier: Apache-2.0

import Foundation
import RunningKernel
import SystemPackage
import TestSupport
import Testing

@Suite struct `The measurements of a machine` {
  @Test func `are the bytes of the kernel's list`() throws {
    let machine = try Machine()
    try write([1, 2, 3], to: machine.list)

    #expect(try machine.kernel.measurements() == [1, 2, 3])
  }

  @Test func `may be none`() throws {
    let folder = try TemporaryFolder()

    #expect(try RunningKernel(root: FilePath(folder.path)).measurements() == nil)
  }

  @Test func `are read until they no longer grow`() throws {
    let machine = try Machine()
    try write([1], to: machine.list)

    var readings = 0
    let bytes = try machine.kernel.measurements { attempt in
      readings = attempt
      if attempt < 4 { try? write(Array(repeating: 1, count: 1 + attempt), to: machine.list) }
    }

    #expect(bytes == [1, 1, 1, 1])
    #expect(readings == 4)
  }

  @Test func `that never stay are refused`() throws {
    let machine = try Machine()
    try write([0], to: machine.list)

    #expect(throws: MachineError.unsteady(FilePath(machine.list), attempts: 3)) {
      try machine.kernel.measurements(attempts: 3) { attempt in
        try? write([UInt8(attempt)], to: machine.list)
      }
    }
  }

  @Test func `that go away meanwhile are none`() throws {
    let machine = try Machine()
    try write([0], to: machine.list)

    let bytes = try machine.kernel.measurements { _ in
      try? FileManager.default.removeItem(atPath: machine.list)
    }

    #expect(bytes == nil)
  }

  @Test func `are no pipe and no device`() throws {
    let machine = try Machine()
    try run("ln", ["-s", "/dev/zero", machine.list])

    #expect(throws: MachineError.notRegular(FilePath(machine.list), .characterDevice)) {
      try machine.kernel.measurements()
    }
  }
}

/// A machine with a place for its list.
private struct Machine {
  let folder: TemporaryFolder
  var list: String { folder / "sys/kernel/security/ima/binary_runtime_measurements" }
  var kernel: RunningKernel { RunningKernel(root: FilePath(folder.path)) }

  init() throws {
    folder = try TemporaryFolder()
    try run("mkdir", ["-p", folder / "sys/kernel/security/ima"])
  }
}
