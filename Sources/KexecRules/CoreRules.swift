// SPDX-License-Identifier: Apache-2.0

package import CrashCore
package import ELF
package import KexecFacts
package import PhysicalMemory

/// What the core header of one architecture's kernels looks like.
///
/// Source: the callers of `kernel/crash_core.c:crash_prepare_elf64_headers`.
package final class CoreRules: Sendable {
  /// Whether the kernel's own mapping gets an entry of its own.
  package let hasKernelText: Bool
  /// Memory that the crash kernel itself runs in, and that is copied elsewhere before it does: the
  /// first 64 KiB of ppc64.
  package let backedUp: PhysicalRange?
  /// The distance from a physical address to its place in the linear map, where it is a constant.
  package let linearMap: (offset: UInt64, rule: Rule)?
  /// The same from a kernel's vmcoreinfo, modulo 2^64.
  package let linearMapOf: @Sendable (VMCoreInfo) -> UInt64?
  /// The distance from a physical address of the kernel to where it is linked, where it is a constant.
  package let textMap: (offset: UInt64, rule: Rule)?
  /// The same from a kernel's vmcoreinfo, modulo 2^64.
  package let textMapOf: @Sendable (VMCoreInfo) -> UInt64?
  /// What start and end of the kernel's memory are multiples of; `/proc/iomem` may end before `_end`.
  package let imageAlignment: UInt64
  /// Bytes from `_text` to `_stext`, where `/proc/iomem` may begin with it.
  package let stextOffset: (bytes: UInt64, rule: Rule)?
  /// Why a crash kernel may not take the header; empty where it does.
  package let warnings: [Finding]

  package init(
    hasKernelText: Bool = true, backedUp: PhysicalRange? = nil,
    linearMap: (offset: UInt64, rule: Rule)? = nil,
    linearMapOf: @escaping @Sendable (VMCoreInfo) -> UInt64? = { _ in nil },
    textMap: (offset: UInt64, rule: Rule)? = nil,
    textMapOf: @escaping @Sendable (VMCoreInfo) -> UInt64? = { _ in nil },
    imageAlignment: UInt64 = 4096, stextOffset: (bytes: UInt64, rule: Rule)? = nil,
    warnings: [Finding] = []
  ) {
    self.hasKernelText = hasKernelText
    self.backedUp = backedUp
    self.linearMap = linearMap
    self.linearMapOf = linearMapOf
    self.textMap = textMap
    self.textMapOf = textMapOf
    self.imageAlignment = imageAlignment
    self.stextOffset = stextOffset
    self.warnings = warnings
  }
}

extension Architecture {
  /// What its core headers are for, and what they look like.
  ///
  /// - Throws: `KexecError.unsupported(architecture:reason:)`.
  package func knownCoreRules() throws(KexecError) -> (machine: Machine, rules: CoreRules) {
    guard let machine, let coreRules else {
      throw .unsupported(architecture: self, reason: "no elfcorehdr is made for it")
    }
    return (machine, coreRules)
  }
}
