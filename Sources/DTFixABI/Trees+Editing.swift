// SPDX-License-Identifier: Apache-2.0

public import CDTFix
import DeviceTree
import Kexec

/// Runs an edit of a tree: all of it, or none.
@safe private func edit(
  _ tree: OpaquePointer?, _ edit: (inout DeviceTree) throws(DeviceTreeError) -> Void
) throws(CallFailure) {
  let object = try TreeObject.of(tree)
  var edited = object.tree
  do throws(DeviceTreeError) {
    try edit(&edited)
  } catch {
    throw CallFailure(error)
  }
  object.tree = edited
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_set_property")
public func dtfix_tree_set_property(
  _ tree: OpaquePointer?, _ node: UnsafePointer<CChar>?, _ name: UnsafePointer<CChar>?,
  _ value: UnsafeRawPointer?, _ size: Int, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let (node, name) = (try text(node, "node"), try text(name, "name"))
    let value = PropertyValue(bytes: try bytes(value, size, "value"))
    try edit(tree) { (tree) throws(DeviceTreeError) in
      try tree.setProperty(name, of: node, to: value)
    }
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_delete_property")
public func dtfix_tree_delete_property(
  _ tree: OpaquePointer?, _ node: UnsafePointer<CChar>?, _ name: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let (node, name) = (try text(node, "node"), try text(name, "name"))
    try edit(tree) { (tree) throws(DeviceTreeError) in
      guard try !tree.deleteProperty(name, of: node).isEmpty else {
        throw DeviceTreeError(.notFound, node: node, property: name)
      }
    }
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_add_node")
public func dtfix_tree_add_node(
  _ tree: OpaquePointer?, _ parent: UnsafePointer<CChar>?, _ name: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let (parent, name) = (try text(parent, "parent"), try text(name, "name"))
    try edit(tree) { (tree) throws(DeviceTreeError) in try tree.addNode(name, to: parent) }
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_delete_node")
public func dtfix_tree_delete_node(
  _ tree: OpaquePointer?, _ node: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let node = try text(node, "node")
    try edit(tree) { (tree) throws(DeviceTreeError) in try tree.deleteNode(node) }
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_add_reservation")
public func dtfix_tree_add_reservation(
  _ tree: OpaquePointer?, _ reservation: dtfix_range,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let entry = AddressAndSize(address: reservation.start, size: reservation.size)
    try edit(tree) { (tree) throws(DeviceTreeError) in try tree.addReservation(entry) }
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_delete_reservation")
public func dtfix_tree_delete_reservation(
  _ tree: OpaquePointer?, _ reservation: dtfix_range,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let entry = AddressAndSize(address: reservation.start, size: reservation.size)
    guard try TreeObject.of(tree).tree.reservations.contains(entry) else {
      throw CallFailure(
        .notFound, "reservation \(entry.text): there is none of exactly this memory")
    }
    try edit(tree) { (tree) throws(DeviceTreeError) in try tree.deleteReservation(entry) }
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_apply")
public func dtfix_tree_apply(
  _ tree: OpaquePointer?, _ overlay: OpaquePointer?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let overlay = try TreeObject.of(overlay).tree
    try edit(tree) { (tree) throws(DeviceTreeError) in try tree.apply(overlay: overlay) }
  }
}
