// SPDX-License-Identifier: Apache-2.0

import Kexec
import PhysicalMemory
import RunningKernel
import TestSupport

/// A folder with these files.
func machineFolder(_ files: [String: [UInt8]]) throws -> TemporaryFolder {
  let folder = try TemporaryFolder()
  try run("mkdir", ["-p", folder / "proc", folder / "sys/firmware"])
  for (name, bytes) in files { try write(bytes, to: folder / name) }
  return folder
}

extension RunningKernel {
  func pageSize() throws(KexecError) -> UInt64? { try snapshot(of: .kernel).$pageSize.ifPresent }

  func architectureName() throws(KexecError) -> String? {
    try snapshot(of: .kernel).$architectureName.ifPresent
  }

  func crashRegions() throws(KexecError) -> [PhysicalRange] {
    try snapshot(of: .crashRegions).$crashRegions.ifPresent
  }
}
