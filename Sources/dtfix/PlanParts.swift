// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Kexec
import Loading

/// What is loaded besides kernel and initrd.
struct PlanParts: ParsableArguments {
  @Flag(
    help: """
      Hand on what IMA has measured on the machine so far (--for-kexec). What is measured later is missing: \
      --explain tells what that means.
      """)
  var ima = false

  @Option(
    help: ArgumentHelp(
      "Hand on these measurements: a list as the kernel writes it, or a finished buffer (--for-kexec).",
      valueName: "file"))
  var imaList: String?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      """
      Bytes of your own, in memory that is reserved, and the property of /chosen that tells where: \
      acme,log=log.bin. Repeatable.
      """, valueName: "name=file"), transform: Parse.extraFile)
  var extra: [ExtraFile] = []

  @Option(
    help: ArgumentHelp(
      "The core header, in place of one that is made of the machine (--for-crash).",
      valueName: "file"))
  var elfcorehdr: String?

  /// Bytes of the caller's own.
  struct ExtraFile {
    let name: String
    let path: String
  }

  var hasMeasurements: Bool { ima || imaList != nil }

  func validate() throws {
    guard !ima || imaList == nil else {
      throw ValidationError("--ima and --ima-list exclude each other")
    }
  }

  /// Reads all files that the options name.
  func add(to set: inout FileSet) throws(Failure) {
    if let elfcorehdr { try set.add(.input(.coreHeader), elfcorehdr) }
    if let imaList { try set.add(.input(.imaBuffer), imaList) }
    for file in extra { try set.add(.extra, file.path, named: file.name) }
  }
}
