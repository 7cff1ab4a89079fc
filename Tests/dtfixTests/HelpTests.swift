// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `Help` {
  @Test(arguments: [
    ["--help"], ["-h"], ["help"], ["fix", "--help"], ["show", "--help"], ["image", "--help"],
    ["elfcorehdr", "--help"], ["diff", "--help"], ["map", "--help"],
    ["capture", "--help"], ["help", "capture"],
    ["check", "--help"], ["help", "fix"], ["help", "show"], ["help", "diff"], ["help", "check"],
    ["--for-kexec", "--help"],
  ])
  func `has an example for each task`(arguments: [String]) throws {
    let result = try dtfix(arguments)

    let lines = result.text.split(separator: "\n", omittingEmptySubsequences: false)
    let examples = lines.drop { $0 != "EXAMPLES" }.dropFirst().prefix { !$0.isEmpty }
    #expect(result.status == 0)
    #expect(result.errors == "")
    #expect(examples.contains { $0.hasPrefix("    dtfix ") })
    #expect(result.text.contains("USAGE: dtfix"))
  }

  @Test(arguments: [
    ("fix", 2), ("show", 0), ("check", 2), ("diff", 0), ("image", 2), ("map", 2),
    ("capture", 1),
  ])
  func `has examples whose options exist`(command: String, options: Int) throws {
    let help = try dtfix(command, "--help").text

    let examples = help.split(separator: "\n").filter { $0.hasPrefix("    dtfix ") }
    let used = examples.flatMap { $0.split(separator: " ") }.filter { $0.hasPrefix("--") }
    let missing = Set(used).filter { !help.contains("  \($0) ") && !help.contains(" \($0)\n") }
    #expect(used.count >= options)
    #expect(missing == [])
  }

  @Test(arguments: ["fix", "show", "check", "diff", "image", "elfcorehdr", "map", "capture"])
  func `fits a terminal`(command: String) throws {
    let help = try dtfix(command, "--help").text

    #expect(help.split(separator: "\n").filter { $0.count > 80 } == [])
  }

  @Test func `never shows a seed`() throws {
    let result = try dtfix("fix", "--kaslr-seed", GivenSeeds.kaslr, "--help")

    #expect(result.status == 0)
    #expect(!result.text.contains("1122"))
  }

  @Test(arguments: [["--version"], ["fix", "--version"], ["show", "--version"]])
  func `tells the version`(arguments: [String]) throws {
    let result = try dtfix(arguments)

    #expect(result.status == 0)
    #expect(result.text.wholeMatch(of: #/\d+\.\d+\.\d+\n/#) != nil)
  }
}

@Suite struct `Completion` {
  @Test func `for bash is read by bash`() throws {
    let script = try dtfix("--generate-completion-script", "bash")

    let result = try run("bash", ["-n"], input: script.output)

    #expect(script.status == 0)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors == "")
  }

  @Test(arguments: [
    ("sh", "show"), ("fix --for-k", "--for-kexec"), ("fix --initrd", "--initrd-at"),
    ("diff --foll", "--follow-phandles"),
  ])
  func `for bash completes`(typed: String, expected: String) throws {
    let script = try dtfix("--generate-completion-script", "bash")
    let place = try Workplace()
    try write(script.output, to: place / "completion")

    let result = try shell(
      #"""
      source "$1"
      COMP_WORDS=(dtfix $2); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE="dtfix $2"
      COMP_POINT=${#COMP_LINE}; function=$(complete -p dtfix | sed 's/.*-F \([^ ]*\).*/\1/')
      "$function" dtfix "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"; printf '%s\n' "${COMPREPLY[@]}"
      """#, place / "completion", typed)

    #expect(result.text.split { " \n".contains($0) }.contains(Substring(expected)))
  }

  @Test(arguments: [("zsh", "#compdef dtfix"), ("fish", "complete -c 'dtfix'")])
  func `is there for other shells`(name: String, mark: String) throws {
    let script = try dtfix("--generate-completion-script", name)

    #expect(script.status == 0)
    #expect(script.text.contains(mark))
    #expect(script.text.contains("for-kexec"))
  }

  @Test func `is not there for all`() throws {
    let script = try dtfix("--generate-completion-script", "tcsh")

    expectUsageError(script, "tcsh")
  }
}
