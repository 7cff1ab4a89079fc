// SPDX-License-Identifier: Apache-2.0

public import CDTFix
import DeviceTree

/// Reads something of a tree.
@safe private func read<Value>(
  _ tree: OpaquePointer?, _ read: (DeviceTree) throws(DeviceTreeError) -> Value
) throws(CallFailure) -> Value {
  let tree = try TreeObject.of(tree).tree
  do throws(DeviceTreeError) {
    return try read(tree)
  } catch {
    throw CallFailure(error)
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_children")
public func dtfix_tree_children(
  _ tree: OpaquePointer?, _ node: UnsafePointer<CChar>?,
  _ names: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let (node, place) = (try text(node, "node"), try place(names, "names"))
    let names = try read(tree) { (tree) throws(DeviceTreeError) in try tree.children(of: node) }
    BufferObject(names: names).hand(to: place)
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_properties")
public func dtfix_tree_properties(
  _ tree: OpaquePointer?, _ node: UnsafePointer<CChar>?,
  _ names: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let (node, place) = (try text(node, "node"), try place(names, "names"))
    let properties = try read(tree) { (tree) throws(DeviceTreeError) in
      try tree.properties(of: node)
    }
    BufferObject(names: properties.map(\.name)).hand(to: place)
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_property")
public func dtfix_tree_property(
  _ tree: OpaquePointer?, _ node: UnsafePointer<CChar>?, _ name: UnsafePointer<CChar>?,
  _ value: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let place = try place(value, "value")
    let (node, name) = (try text(node, "node"), try text(name, "name"))
    let value = try read(tree) { (tree) throws(DeviceTreeError) in
      guard let value = try tree.property(name, of: node) else {
        throw DeviceTreeError(.notFound, node: node, property: name)
      }
      return value
    }
    BufferObject(value.bytes).hand(to: place)
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_reservation_count")
public func dtfix_tree_reservation_count(_ tree: OpaquePointer?) -> Int {
  (try? TreeObject.of(tree))?.tree.reservations.count ?? 0
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_reservation")
public func dtfix_tree_reservation(
  _ tree: OpaquePointer?, _ index: Int, _ reservation: UnsafeMutablePointer<dtfix_range>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let place = try place(reservation, "reservation")
    let entry = try TreeObject.of(tree).tree.reservations.item(index, "reservation")
    unsafe place.pointee = dtfix_range(start: entry.address, size: entry.size)
  }
}
