// SPDX-License-Identifier: Apache-2.0

import DeviceTree

extension Architecture {
  /// 64-bit Arm.
  ///
  /// `COMMAND_LINE_SIZE`: `arch/arm64/include/uapi/asm/setup.h`. Tree size: `MAX_FDT_SIZE` in
  /// `arch/arm64/include/asm/boot.h`; the kernel does not boot with a larger one.
  public static let arm64 = Architecture(
    "aarch64", aliases: ["arm64"], commandLineSize: 2048,
    treeSizeLimit: (2 << 20, "arch/arm64/include/asm/boot.h:MAX_FDT_SIZE"),
    recognizes: { tree in
      let compatible = tree.compatibleStringsOfCPUs()
      return compatible.contains(where: isArmCore) && !compatible.contains(where: isArm32Core)
    })

  /// 32-bit Arm.
  ///
  /// `COMMAND_LINE_SIZE`: `arch/arm/include/uapi/asm/setup.h`.
  public static let arm = Architecture(
    "armv7l", aliases: ["arm", "armhf"], commandLineSize: 1024,
    recognizes: { tree in tree.compatibleStringsOfCPUs().contains(where: isArm32Core) })
}

/// Makers of Arm cores in `Documentation/devicetree/bindings/arm/cpus.yaml`.
private let armCoreMakers = [
  "apm,", "apple,", "arm,", "brcm,", "cavium,", "faraday,", "fujitsu,", "hisilicon,", "marvell,",
  "nvidia,", "qcom,", "samsung,",
]

/// Cores of that list that run 32-bit kernels only.
private let arm32Cores = [
  "arm,arm7", "arm,arm9", "arm,arm10", "arm,arm11", "arm,cortex-m", "arm,cortex-r",
  "brcm,brahma-b15", "faraday,", "marvell,feroceon", "marvell,mohawk", "marvell,pj4",
  "marvell,sheeva", "marvell,xsc3", "qcom,krait", "qcom,scorpion",
]

private func isArmCore(_ compatible: String) -> Bool {
  armCoreMakers.contains(where: compatible.hasPrefix)
}

private func isArm32Core(_ compatible: String) -> Bool {
  // Cortex-A5 to A17 and A32 have no 64-bit state; A34, A35, A53 and so on have.
  let isSmallCortex = ["5", "7", "8", "9", "12", "15", "17", "32"].contains {
    compatible == "arm,cortex-a" + $0
  }
  return isSmallCortex || arm32Cores.contains(where: compatible.hasPrefix)
}
