// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts
import KexecRules

// Addresses that belong to one machine. Bindings:
// `Documentation/devicetree/bindings/net/ethernet-controller.yaml`, `wireless/ieee80211.yaml` and
// `bluetooth/bluetooth-controller.yaml`.
extension TreeMerger {
  /// MAC and Bluetooth addresses, which U-Boot and other firmware write to the nodes that
  /// `/aliases` names.
  mutating func mergeNetworkAddresses() throws(KexecError) {
    var places: [AddressPlace] = []
    var path: [String] = []
    collect(machineRoot, root, [], &path, &places)
    guard places.count <= Self.mostAddresses else {
      throw .notMerged(
        machine.name,
        reason: "\(places.count) nodes with network addresses are more than any machine has")
    }
    let aliases = AddressAliases(of: machineRoot, in: root)
    for place in places {
      let byAlias = place.index == nil ? aliases.place(of: place.path, in: root) : nil
      guard let index = place.index ?? byAlias?.index else {
        omit(place)
        continue
      }
      let target = byAlias?.path ?? place.path
      var node = root.node(at: index)
      for address in place.addresses {
        try merge(address, from: place.path, into: &node, at: target, alias: byAlias?.alias)
      }
      root.replaceNode(at: index[...], with: node)
    }
  }

  /// Nodes with addresses, in a tree that is merged.
  private static let mostAddresses = 4096

  /// Walks both trees at once: finds the nodes with addresses, and the nodes at the same paths.
  private func collect(
    _ node: Node, _ mine: Node?, _ index: [Int], _ path: inout [String],
    _ places: inout [AddressPlace]
  ) {
    let addresses = node.networkAddresses
    if !addresses.isEmpty, places.count <= Self.mostAddresses {
      places.append(
        AddressPlace(
          path: "/" + path.joined(separator: "/"), index: mine == nil ? nil : index,
          addresses: addresses))
    }
    guard !node.children.isEmpty else { return }
    let indices = Dictionary(
      (mine?.children ?? []).enumerated().map { ($1.name, $0) },
      uniquingKeysWith: { first, _ in first })
    for child in node.children {
      let place = indices[child.name]
      path.append(child.name)
      collect(
        child, place.flatMap { mine?.children[$0] }, index + (place.map { [$0] } ?? []), &path,
        &places)
      path.removeLast()
    }
  }

  private mutating func merge(
    _ address: Property, from source: String, into node: inout Node, at path: String,
    alias: String?
  ) throws(KexecError) {
    let mine = node[address.name]
    guard mine != address.value else { return }
    if let mine, mine.bytes.contains(where: { $0 != 0 }) {
      throw conflict(
        .property(address.name, node: path), .property(mine), .property(address.value),
        there: .property(address.name, node: source),
        advice: "take the address out of the file, or make it zeros, to have the machine's")
    }
    let reason = alias.map { "the address of this machine, from \(source), by the alias \($0)" }
    set(
      address, in: &node, at: path, reason: reason ?? "the address of this machine",
      rule: address.addressRule)
  }

  private mutating func omit(_ place: AddressPlace) {
    for address in place.addresses {
      changes.append(
        Change(
          .omitted, .property(address.name, node: place.path), from: .property(address.value),
          reason: "no node of the board's tree has this path or an alias of it",
          rule: address.addressRule))
    }
  }
}

/// A node of the machine that has addresses.
private struct AddressPlace {
  let path: String
  /// Where the node of the same path is in the board's tree.
  let index: [Int]?
  let addresses: [Property]
}

/// The aliases of a machine's network nodes: U-Boot looks for `ethernet0` and so on, Chromebooks' firmware
/// by `wifi0` and `bluetooth0`.
private struct AddressAliases {
  /// The machine's aliases by path, and the board's paths by alias.
  private var names: [String: [String]] = [:]
  private var paths: [String: String] = [:]

  init(of machine: Node, in board: Node) {
    for (alias, path) in Self.aliases(of: machine) { names[path, default: []].append(alias) }
    paths = Dictionary(Self.aliases(of: board)) { first, _ in first }
  }

  private static func aliases(of root: Node) -> [(name: String, path: String)] {
    (root.child("aliases")?.properties ?? []).filter { isOfNetwork($0.name) }.compactMap { alias in
      alias.value.string.map { (alias.name, $0) }
    }
  }

  /// The node of another tree that has an alias of a path.
  func place(of path: String, in root: Node) -> (alias: String, path: String, index: [Int])? {
    for alias in names[path] ?? [] {
      if let target = paths[alias], let index = root.index(of: target) {
        return (alias, target, index)
      }
    }
    return nil
  }

  private static func isOfNetwork(_ name: String) -> Bool {
    ["ethernet", "wifi", "bluetooth"].contains { prefix in
      name.hasPrefix(prefix) && (name == prefix || UInt8(name.dropFirst(prefix.count)) != nil)
    }
  }
}

extension Node {
  /// Its addresses that readers accept, each by the first property of its name.
  fileprivate var networkAddresses: [Property] {
    Property.addressNames.compactMap { name in properties.first { $0.name == name } }
      .filter(\.isNetworkAddress)
  }
}

extension Property {
  fileprivate static let addressNames = ["local-mac-address", "mac-address", "local-bd-address"]

  /// Whether it is an address that readers accept: 6 bytes, not all zeros, and, of Ethernet, not one of a
  /// group (`include/linux/etherdevice.h:is_valid_ether_addr`).
  fileprivate var isNetworkAddress: Bool {
    guard value.bytes.count == 6, value.bytes.contains(where: { $0 != 0 }) else { return false }
    return name == "local-bd-address" || value.bytes[0] & 1 == 0
  }

  fileprivate var addressRule: Rule {
    name == "local-bd-address"
      ? .linux("net/bluetooth/hci_sync.c", "hci_dev_get_bd_addr_from_property")
      : .linux("net/core/of_net.c", "of_get_mac_address")
  }
}

extension Node {
  /// The place of a node below this one, by exact names.
  fileprivate func index(of path: String) -> [Int]? {
    guard path.hasPrefix("/") else { return nil }
    var (node, index) = (self, [Int]())
    for name in path.split(separator: "/") {
      guard let place = node.children.firstIndex(where: { $0.name == name }) else { return nil }
      index.append(place)
      node = node.children[place]
    }
    return index
  }

  fileprivate func node(at index: [Int]) -> Node {
    index.reduce(self) { $0.children[$1] }
  }

  fileprivate mutating func replaceNode(at index: ArraySlice<Int>, with node: Node) {
    guard let first = index.first else {
      self = node
      return
    }
    children[first].replaceNode(at: index.dropFirst(), with: node)
  }
}
