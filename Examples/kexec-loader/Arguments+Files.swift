// SPDX-License-Identifier: Apache-2.0

import Kexec
import Loading
import SystemPackage

extension Arguments {
  /// The files that are named, read: each is opened once, and what is checked is what is loaded.
  func files() throws(Failure) -> FileSet {
    var set = FileSet()
    try add(.kernel, kernel, to: &set)
    for path in initrds { try add(.initrd, path, to: &set) }
    try add(.tree, tree, to: &set)
    for path in overlays { try add(.overlay, path, to: &set) }
    try add(.input(.coreHeader), coreHeader, to: &set)
    for (name, path) in extras { try add(.extra, path, named: name, to: &set) }
    if let commandLine {
      try set.add(.commandLine, Array(commandLine.utf8), named: "--command-line")
    }
    return set
  }

  /// What is said about them.
  var options: RequestOptions {
    var options = RequestOptions()
    options.purpose = command.isForCrash ? .crash : .kexec
    options.append = append ?? ""
    options.mergesTree = mergesTree
    options.handsOnMeasurements = handsOnMeasurements
    return options
  }

  private func add(
    _ kind: FileSet.Kind, _ path: String?, named name: String? = nil, to set: inout FileSet
  ) throws(Failure) {
    guard let path else { return }
    try withOpenFile(FilePath(path)) { file throws(Failure) in
      try set.add(kind, file, named: name ?? path)
    }
  }
}
