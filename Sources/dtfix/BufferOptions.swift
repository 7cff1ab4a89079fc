// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Kexec
import PhysicalMemory

/// Where a loader puts what is handed over besides initrd and core header.
struct BufferOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Where a loader puts IMA's measurements, a buffer of version 1, in whole pages: the next kernel frees \
      exactly that (--for-kexec).
      """, valueName: "range"), transform: Parse.range)
  var imaBufferAt: PhysicalRange?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      """
      A property of /chosen that tells where a loader puts bytes of your own, and that memory, which is \
      reserved: acme,log=0x48000000+0x1000. Repeatable.
      """, valueName: "name=range"), transform: Parse.extra)
  var extra: [KexecRequest.Input] = []

  @Option(
    help: ArgumentHelp(
      """
      KHO (arm64): the page with the tree of what is preserved, by somebody who has it from the running \
      kernel; with --kho-scratch only.
      """, valueName: "range"), transform: Parse.range)
  var khoFdt: PhysicalRange?

  @Option(
    help: ArgumentHelp(
      "KHO (arm64): the list of scratch areas, 16 bytes each; with --kho-fdt only.",
      valueName: "range"), transform: Parse.range)
  var khoScratch: PhysicalRange?

  @Option(
    help: ArgumentHelp(
      "Where a loader puts the keys of encrypted disks (--for-crash); takes an rng-seed.",
      valueName: "range"), transform: Parse.range)
  var dmcryptkeysAt: PhysicalRange?

  func check(for purpose: Purpose) throws {
    guard (khoFdt == nil) == (khoScratch == nil) else {
      throw ValidationError("--kho-fdt and --kho-scratch go together: a kernel takes both or none")
    }
    guard purpose == .kexec || imaBufferAt == nil && khoFdt == nil else {
      throw ValidationError("--ima-buffer-at, --kho-fdt and --kho-scratch are for --for-kexec")
    }
    guard purpose == .crash || dmcryptkeysAt == nil else {
      throw ValidationError("--dmcryptkeys-at is for --for-crash")
    }
  }

  /// Where it all is.
  var inputs: [KexecRequest.Input] {
    let places = [
      (KexecInput.imaBuffer, imaBufferAt), (.diskKeys, dmcryptkeysAt), (.khoTree, khoFdt),
      (.khoScratch, khoScratch),
    ]
    return places.compactMap { input, range in range.map { KexecRequest.Input(input, .at($0)) } }
      + extra
  }
}
