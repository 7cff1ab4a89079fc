// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `The example` {
  @Test func `writes seeds that only the owner may read`() throws {
    let place = try Workplace()

    let result = try patchTree(place.board, place / "new.dtb")

    #expect(result.status == 0, "\(result.text)")
    #expect(try run("stat", ["-c", "%a", place / "new.dtb"]).text == "600\n")
    #expect(try run("fdtget", ["-t", "bx", place / "new.dtb", "/chosen", "rng-seed"]).status == 0)
  }

  @Test func `leaves a file alone that other users may read`() throws {
    let place = try Workplace()
    try write([1, 2, 3], to: place / "new.dtb")

    let result = try patchTree(place.board, place / "new.dtb")

    #expect(result.status == 65)
    #expect(result.text.hasSuffix("patch-tree: File exists\n"))
    #expect(try contents(of: place / "new.dtb") == [1, 2, 3])
  }

  @Test func `says what it cannot read`() throws {
    let place = try Workplace()

    let result = try patchTree(place / "nowhere.dtb", place / "new.dtb")

    #expect(result.status == 65)
    #expect(result.text == "patch-tree: No such file or directory\n")
    #expect(try place.names() == ["board.dtb"])
  }

  private func patchTree(_ old: String, _ new: String) throws -> ToolResult {
    try run(programs + "/patch-tree", [old, new])
  }
}
