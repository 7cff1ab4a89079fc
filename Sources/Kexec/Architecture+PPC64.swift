// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import PhysicalMemory

extension Architecture {
  /// 64-bit PowerPC, either byte order.
  public static let ppc64 = Architecture(
    "ppc64le", aliases: ["ppc64", "powerpc64"],
    commandLineLimit: Limit(
      value: 2048, rule: .linux("arch/powerpc/include/uapi/asm/setup.h", "COMMAND_LINE_SIZE")),
    treeRefusal: """
      CPU nodes, DMA windows and the RTAS reservation of the running machine are not brought into \
      the tree yet (arch/powerpc/kexec/file_load_64.c:setup_new_fdt_ppc64)
      """,
    namesCoreHeaderOnCommandLine: true,
    coreRules: CoreRules(
      machine: 21, hasKernelText: false, backedUp: PhysicalRange(start: 0, size: 64 << 10),
      linearMap: (
        0xc000_0000_0000_0000, .linux("arch/powerpc/include/asm/page.h", "PAGE_OFFSET")
      )),
    recognizes: { tree in
      tree.cpuNodes().contains { node in
        (try? tree.property("ibm,ppc-interrupt-server#s", of: node)) != nil
      }
    })
}
