// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// A folder with these files.
func machineFolder(_ files: [String: [UInt8]]) throws -> TemporaryFolder {
  let folder = try TemporaryFolder()
  try run("mkdir", ["-p", folder / "proc", folder / "sys/firmware"])
  for (name, bytes) in files { try write(bytes, to: folder / name) }
  return folder
}
