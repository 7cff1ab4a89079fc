// SPDX-License-Identifier: Apache-2.0

import DTFixABI
import Foundation
import TestSupport
import Testing

@Suite struct `A machine that hides its memory` {
  @Test func `is compared with no core header, as by the program`() throws {
    let folder = try TemporaryFolder()
    try run("mkdir", [folder / "proc"])
    try write(Array("00000000-00000000 : System RAM\n".utf8), to: folder / "proc/iomem")
    let header = [UInt8](repeating: 0, count: 64)
    var (machine, report): (OpaquePointer?, OpaquePointer?)
    defer { unsafe dtfix_machine_free(&machine) }
    #expect(unsafe dtfix_machine_open(folder.path, &machine, nil) == 0)

    let result = unsafe header.withUnsafeBytes {
      unsafe dtfix_elfcorehdr_check($0.baseAddress, $0.count, machine, &report, nil)
    }

    #expect(result == -77)
    #expect(unsafe report == nil)
    #expect(try run(dtfixPath, ["check", "--root", folder.path, "/dev/null"]).status == 77)
  }
}
