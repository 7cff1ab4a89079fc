// SPDX-License-Identifier: Apache-2.0

import Kexec
import Loading
import RunningKernel

extension SourceMachine {
  /// The machine's `/proc/iomem`, for a check of core headers.
  ///
  /// - Throws: ``Failure`` when it does not tell of memory, which most of the check is about.
  func memoryMapToCheck() throws(Failure) -> MemoryMap {
    guard kernel.isThere else { throw Failure(.missingInput, "\(kernel.root): no such file") }
    let map = try failing { () throws(KexecError) in try memoryMap() }
    guard map?.isHidden != true else {
      throw Failure(
        .noPermission,
        "\(kernel.memoryMapPath): addresses are hidden\nto read them takes CAP_SYS_ADMIN")
    }
    guard let map, !map.memoryToDump.isEmpty else {
      throw Failure(
        .notOffered,
        "\(kernel.memoryMapPath): tells of no memory\nwithout --root a header is checked alone")
    }
    return map
  }
}
