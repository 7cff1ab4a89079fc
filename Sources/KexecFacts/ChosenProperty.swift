// SPDX-License-Identifier: Apache-2.0

import DeviceTree

/// The properties of `/chosen` by which one kernel talks to the next.
///
/// Sources: `drivers/of/kexec.c`, `drivers/of/fdt.c`, `drivers/firmware/efi/fdtparams.c`.
public enum ChosenProperty {
  /// The node they are in.
  public static let node = "/chosen"

  /// Whether a full path is that node's; some trees call it `/chosen@0`.
  public static func isNode(_ path: String) -> Bool {
    path == node || path.hasPrefix(node + "@") && !path.dropFirst().contains("/")
  }

  /// The command line.
  public static let commandLine = "bootargs"
  /// The address of the initrd's first byte.
  public static let initrdStart = "linux,initrd-start"
  /// The address after the initrd's last byte.
  public static let initrdEnd = "linux,initrd-end"
  /// 8 random bytes for the kernel's own place; without it there is no KASLR.
  public static let kaslrSeed = "kaslr-seed"
  /// Random bytes for the kernel's generator.
  public static let rngSeed = "rng-seed"
  /// Says that no firmware ran; read by powerpc.
  public static let bootedFromKexec = "linux,booted-from-kexec"

  /// Where a crash kernel finds the core header.
  package static let coreHeader = "linux,elfcorehdr"
  /// The memory a crash kernel may use.
  package static let usableMemory = "linux,usable-memory-range"
  /// The measurement list of IMA.
  public static let imaBuffer = "linux,ima-kexec-buffer"
  /// Keys of encrypted disks for a crash kernel.
  public static let diskKeys = "linux,dmcryptkeys"
  /// Kexec hand-over (KHO): state kept over a kexec, and the memory to boot in meanwhile.
  package static let kho = [khoTree, khoScratch]
  /// What is kept.
  public static let khoTree = "linux,kho-fdt"
  /// The list of scratch areas.
  public static let khoScratch = "linux,kho-scratch"
  /// What IMA's buffer was called before it was merged.
  package static let historicBuffer = [
    "linux,kexec-handover-buffer-start", "linux,kexec-handover-buffer-end",
  ]

  /// What the EFI stub says about UEFI: useful together only (`efi_get_fdt_params`).
  package static let uefi = [
    "linux,uefi-system-table", "linux,uefi-mmap-start", "linux,uefi-mmap-size",
    "linux,uefi-mmap-desc-size", "linux,uefi-mmap-desc-ver", "linux,uefi-secure-boot",
  ]
  /// Where the kernel prints.
  package static let console = ["stdout-path", "linux,stdout-path"]

  /// Hand-over state that never outlives the kernel it was made for.
  package static let neverInherited =
    [coreHeader, usableMemory, imaBuffer, diskKeys] + kho + historicBuffer

  /// Both addresses of the initrd.
  package static let initrd = [initrdStart, initrdEnd]
  /// What a hand-over writes or removes, whatever was there.
  package static let written =
    neverInherited + initrd + [commandLine, kaslrSeed, rngSeed, bootedFromKexec]

  /// Properties that this package knows what to do with.
  package static let known = written + uefi + console

  /// Properties that cannot be a caller's own: those that are known, what every node may have, and what a
  /// kernel writes for itself (`TreeEdit.removeLiveState`) or reads.
  package static let taken = Set(
    known + [
      keystorePassword, "name", "phandle", "linux,phandle", "#address-cells", "#size-cells",
      "ranges", "compatible", "status", "linux,kernel-end", "linux,crashkernel-base",
      "linux,crashkernel-size", "linux,memory-limit", "linux,htab-base", "linux,htab-size",
      "linux,tce-alloc-start", "linux,tce-alloc-end", "linux,uefi-stub-kern-ver",
    ])

  /// Properties whose bytes are never shown.
  public static let secrets = SecretProperty.names
  /// The password of the platform keystore of powerpc.
  package static let keystorePassword = "ibm,plpks-pw"
}
