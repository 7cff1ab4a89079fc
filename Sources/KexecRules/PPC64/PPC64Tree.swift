// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts
import PhysicalMemory

extension TreeRules {
  /// powerpc's own: `arch/powerpc/kexec/file_load_64.c:setup_new_fdt_ppc64`.
  ///
  /// One thing that it does cannot be done here: only the kernel knows the password of the platform
  /// keystore (`ibm,plpks-pw`); one that is in the tree stays. OPAL's memory is reserved as well: firmware
  /// does so in its own tree, which the kernel relies on.
  package static let ppc64 = TreeRules(
    fixUp: { (fixup) throws(KexecError) in
      try fixup.takeLiveCPUs()
      try fixup.takeLiveWindows()
      try fixup.limitMemory()
      fixup.releaseCrashedMemory()
      fixup.reserveCrashedMemory()
      fixup.reserveFirmware()
    })
}

extension TreeFixup {
  /// The CPU nodes of the live tree in the place of those in the tree: CPUs come and go, and a kernel
  /// that is started on one which it does not know stops (`arch/powerpc/kernel/setup-common.c:
  /// smp_setup_cpu_maps`).
  fileprivate mutating func takeLiveCPUs() throws(KexecError) {
    let rule = Rule.linux("arch/powerpc/kexec/core_64.c", "update_cpus_node")
    guard let live = machineTree, let nodes = live.root.child("cpus"),
      let own = tree.root.child("cpus")
    else { return }
    let cpus = nodes.children.filter(\.isCPU).map(\.withoutName)
    let fresh = Dictionary(cpus.map { ($0.name, $0) }) { first, _ in first }
    let kept = own.children.compactMap { $0.isCPU ? fresh[$0.name].map($0.updated(by:)) : $0 }
    let known = Set(own.children.filter(\.isCPU).map(\.name))
    try replaceChildren(
      of: "cpus", with: kept + cpus.filter { !known.contains($0.name) },
      reason: "as the running kernel has its CPUs now", rule: rule)
  }

  /// The windows by which devices reach memory, of each PCI host bridge: a hypervisor keeps those that the
  /// running kernel has requested.
  fileprivate mutating func takeLiveWindows() throws(KexecError) {
    guard let live = machineTree, !live.contains("/ibm,opal") else { return }
    let (bridges, own) = (
      live.root.children.filter(\.hasOwnWindows), Set(tree.root.children.map(\.name))
    )
    for bridge in bridges where own.contains(bridge.name) {
      for name in Node.windows {
        let rule = Rule.linux("arch/powerpc/kexec/file_load_64.c", "update_pci_dma_nodes")
        let (node, reason) = ("/" + bridge.name, "as the hypervisor has it now")
        if let value = bridge[name] {
          try set(name, of: node, to: value, reason: reason, rule: rule)
        } else {
          try delete(name, of: node, reason: reason, rule: rule)
        }
      }
    }
  }

  /// Memory of the firmware, exactly: `arch/powerpc/kexec/ranges.c:get_reserved_memory_ranges`.
  fileprivate mutating func reserveFirmware() {
    let tree = liveTree
    var ranges: [(String, PhysicalRange?)] = [
      ("RTAS, which the next kernel calls", tree.rtas), ("OPAL, the firmware", tree.opal),
    ]
    ranges += tree.tceTables().map { ("TCE tables", $0) }
    ranges += tree.reservedRanges().map { ("the firmware's reserved-ranges", $0) }
    let rule = Rule.linux("arch/powerpc/kexec/ranges.c", "get_reserved_memory_ranges")
    for case (let reason, let range?) in ranges { reserve(range, reason: reason, rule: rule) }
  }
}

extension Node {
  /// The properties of a DMA window; one of the latter two exists where a kernel has requested its own.
  fileprivate static let windows = ["ibm,dma-window"] + ownWindows
  private static let ownWindows = ["linux,direct64-ddr-window-info", "linux,dma64-ddr-window-info"]

  fileprivate var hasOwnWindows: Bool { Self.ownWindows.contains { self[$0] != nil } }

  /// Whether powerpc counts it as a CPU.
  package var isCPU: Bool { self["device_type"]?.string == "cpu" }

  /// Without the name that a live tree has in every node.
  fileprivate var withoutName: Node {
    var node = self
    node.properties.removeAll { $0.name == "name" }
    return node
  }

  /// Another node in the place of this one: this one, when there is no difference but in `name`.
  fileprivate func updated(by other: Node) -> Node {
    let own = withoutName
    let isSame = Set(own.properties) == Set(other.properties) && own.children == other.children
    return isSame ? self : other
  }
}
