// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts
import KexecRules

private let uefiRule = Rule.linux("drivers/firmware/efi/fdtparams.c", "efi_get_fdt_params")

extension TreeMerger {
  /// What the machine's tree says of UEFI; nil unless it has all six properties, as readers want them.
  var uefiOfMachine: [Property]? {
    let chosen = machineRoot.namedChild("chosen")
    let found = ChosenProperty.uefi.compactMap { name in
      chosen?[name].map { Property(name, $0) }
    }
    return found.count == ChosenProperty.uefi.count ? found : nil
  }

  /// Where UEFI and its memory map are: of a machine that runs on UEFI, all of it.
  mutating func mergeUEFI() throws(KexecError) {
    let place = root.indexOfChild("chosen")
    let path = "/" + (place.map { root.children[$0].name } ?? "chosen")
    let mine = place.map { root.children[$0] }
    let theirs = machineRoot.namedChild("chosen")
    for name in ChosenProperty.uefi {
      let (here, there) = (mine?[name], theirs?[name])
      guard let here, here.meansOther(than: there) else { continue }
      throw conflict(
        .property(name, node: path), .property(here), there.map { .property($0) },
        advice: "the file is of another boot; take its linux,uefi-* out to have the machine's")
    }
    guard let properties = uefiOfMachine else {
      warnIfIncomplete(theirs)
      return
    }
    let missing = properties.filter { mine?[$0.name] == nil }
    guard !missing.isEmpty else { return }
    if place == nil {
      changes.append(
        Change(
          .added, .node(path), reason: "the next kernel looks for UEFI there", rule: uefiRule))
    }
    var node = mine ?? Node("chosen")
    for property in missing {
      set(
        property, in: &node, at: path, reason: "the machine's: UEFI and its memory map",
        rule: uefiRule)
    }
    if let place { root.children[place] = node } else { root.children.insert(node, at: 0) }
  }

  private mutating func warnIfIncomplete(_ chosen: Node?) {
    guard let chosen, ChosenProperty.uefi.contains(where: { chosen[$0] != nil }) else { return }
    warnings.append(
      Finding(
        "/chosen", "\(machine.name) has only a part of linux,uefi-*, so none of it is taken over",
        rule: uefiRule))
  }
}

extension PropertyValue {
  /// Whether another value is another number: readers take 4 bytes and 8.
  fileprivate func meansOther(than other: PropertyValue?) -> Bool {
    guard let other else { return true }
    return self != other && (number == nil || number != other.number)
  }
}
