// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Kexec
import PhysicalMemory

/// Where a loader puts what is handed over besides initrd and elfcorehdr.
struct BufferOptions: ParsableArguments {
  @Option(
    range: """
      Physical range of the IMA buffer, version 1, in whole pages: the next kernel frees exactly that \
      (--for-kexec).
      """)
  var imaBufferAt: PhysicalRange?

  @Option(
    help: .value(
      "name=range",
      """
      A property of /chosen with the address and size of bytes of your own, whose memory is reserved: \
      acme,log=0x48000000+0x1000; repeatable.
      """), transform: Parse.extra)
  var extra: [KexecRequest.Input] = []

  @Option(
    range: """
      KHO (arm64): the page with the tree of preserved memory, as the running kernel finalized it; needs \
      --kho-scratch.
      """)
  var khoFdt: PhysicalRange?

  @Option(range: "KHO (arm64): the list of scratch areas, 16 bytes each; needs --kho-fdt.")
  var khoScratch: PhysicalRange?

  @Option(
    range: "Physical range of the keys of encrypted disks (--for-crash); needs an rng-seed.")
  var dmcryptkeysAt: PhysicalRange?

  func check(for purpose: Purpose) throws {
    try require(
      (khoFdt == nil) == (khoScratch == nil),
      "--kho-fdt and --kho-scratch go together: a kernel takes both or none")
    try require(
      purpose == .kexec || imaBufferAt == nil && khoFdt == nil,
      "--ima-buffer-at, --kho-fdt and --kho-scratch are for --for-kexec")
    try require(purpose == .crash || dmcryptkeysAt == nil, "--dmcryptkeys-at is for --for-crash")
  }

  /// All of them, with their places.
  var inputs: [KexecRequest.Input] {
    KexecRequest.Input.at([
      (.imaBuffer, imaBufferAt), (.diskKeys, dmcryptkeysAt), (.khoTree, khoFdt),
      (.khoScratch, khoScratch),
    ]) + extra
  }
}

extension KexecRequest.Input {
  /// The inputs whose places are given.
  static func at(_ places: [(KexecInput, PhysicalRange?)]) -> [Self] {
    places.compactMap { input, range in range.map { Self(input, .at($0)) } }
  }
}
