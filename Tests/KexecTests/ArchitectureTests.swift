// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import TestSupport
import Testing

@Suite struct `An architecture` {
  @Test func `is told by every board with CPUs`() throws {
    let names = ["arm64-6.12": "aarch64", "armhf-6.12": "armv7l", "riscv64-6.12": "riscv64"]

    for path in try Fixtures.boards() where path.hasSuffix(".dtb") {
      let tree = try DeviceTree(blob: contents(of: path))
      let folder = try #require(names.keys.first { path.contains("/\($0)/") })
      #expect(Architecture(describedBy: tree)?.name == names[folder], "\(path)")
    }
  }

  @Test(arguments: [
    ("qemu-arm64-virt", "aarch64"), ("qemu-riscv64-virt", "riscv64"),
    ("qemu-ppc64-pseries", "ppc64le"),
  ])
  func `is told by our sources`(name: String, architecture: String) throws {
    #expect(Architecture(describedBy: try source(name))?.name == architecture)
  }

  @Test func `is not told by a tree without CPUs`() throws {
    #expect(Architecture(describedBy: try source("acpi-stub")) == nil)
    #expect(Architecture(describedBy: DeviceTree()) == nil)
  }

  @Test(arguments: [
    "aarch64", "arm64", "riscv64", "ppc64le", "ppc64", "armv7l", "armv6l", "armv8l", "loongarch64",
    "other",
  ])
  func `has the names people use`(name: String) {
    #expect(Architecture(named: name) != nil)
  }

  @Test(arguments: ["", "x86", "ARM64", "mips"])
  func `has no other names`(name: String) {
    #expect(Architecture(named: name) == nil)
  }
}
