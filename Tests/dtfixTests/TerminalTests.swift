// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `On a terminal` {
  @Test(arguments: ["", "-o -", "--explain", "--explain -o -"])
  func `a tree is refused`(options: String) throws {
    let place = try Workplace()

    let result = try onTerminal("--for-kexec -i '\(place.board)' \(options)")

    #expect(result.status == 64)
    #expect(
      result.text
        == "dtfix: a tree is not written to a terminal: use -o FILE, or --json\r\n")
  }

  @Test(arguments: ["/dev/stdout", "/dev/tty", "/proc/self/fd/1"])
  func `a tree is refused by whatever name the terminal has`(path: String) throws {
    let place = try Workplace()

    let result = try onTerminal("--for-kexec -i '\(place.board)' -o \(path)")

    #expect(result.status == 64)
    #expect(result.text.contains("terminal"))
    #expect(!result.output.contains(0))
  }

  @Test func `a tree is refused before anything is read`() throws {
    let result = try onTerminal("--for-kexec -i /nowhere")

    #expect(result.status == 64)
    #expect(result.text.contains("terminal"))
  }

  @Test func `a tree goes to a file in silence`() throws {
    let place = try Workplace()

    let result = try onTerminal("--for-kexec -i '\(place.board)' -o '\(place / "next.dtb")'")

    #expect(result.status == 0)
    #expect(result.output == [])
    #expect(try fdtget(place / "next.dtb", "/chosen", "linux,booted-from-kexec") == "")
  }

  @Test(arguments: ["--for-kexec --json -i", "show", "show --json", "diff /dev/stdin"])
  func `text is shown`(command: String) throws {
    let place = try Workplace()

    let result = try onTerminal("\(command) '\(place.board)' <'\(place.board)'")

    #expect(result.status == 0)
    #expect(!result.text.contains("dtfix:"))
    #expect(result.output.allSatisfy { $0 < 0x80 && $0 != 0 })
  }
}

/// Runs `dtfix` on a terminal of script(1): standard output and error are one there, and lines end
/// with a carriage return.
private func onTerminal(_ arguments: String) throws -> ToolResult {
  try run("script", ["-qec", "'\(dtfixPath)' \(arguments)", "/dev/null"])
}
