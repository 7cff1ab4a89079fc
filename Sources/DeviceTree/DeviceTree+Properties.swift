// SPDX-License-Identifier: Apache-2.0

internal import CLibFDT

extension DeviceTree {
  /// A node's properties in the order of the tree, repeated names included.
  public func properties(of node: String) throws(DeviceTreeError) -> [Property] {
    let offset = try offset(of: node)
    var properties: [Property] = []
    try read(node: node) { blob in
      var place = unsafe fdt_first_property_offset(blob, offset)
      while place >= 0 {
        var name: UnsafePointer<CChar>?
        var size: CInt = 0
        guard let value = unsafe fdt_getprop_by_offset(blob, place, &name, &size),
          let name = unsafe name
        else { return size }
        unsafe properties.append(
          Property(String(cString: name), PropertyValue(copying: value, size)))
        place = unsafe fdt_next_property_offset(blob, place)
      }
      return place == -FDT_ERR_NOTFOUND ? 0 : place
    }
    return properties
  }

  /// A property's value; nil when the node has no such property.
  ///
  /// - Throws: ``DeviceTreeError/Code/notFound`` for a missing node.
  public func property(
    _ name: String, of node: String
  ) throws(DeviceTreeError) -> PropertyValue? {
    value(of: name, at: try offset(of: node))
  }

  private func value(of name: String, at offset: CInt) -> PropertyValue? {
    guard name.isLegalName else { return nil }
    return withPointer { blob in
      var size: CInt = 0
      let bytes = unsafe name.withCString { unsafe fdt_getprop(blob, offset, $0, &size) }
      return unsafe bytes.map { unsafe PropertyValue(copying: $0, size) }
    }
  }

  /// Sets a property: replaces the value of the first of this name, or adds it.
  public mutating func setProperty(
    _ name: String, of node: String, to value: PropertyValue
  ) throws(DeviceTreeError) {
    let offset = try offset(of: node)
    guard name.isLegalName else { throw DeviceTreeError(.badName, node: node, property: name) }
    guard let size = CInt(exactly: value.bytes.count) else {
      throw DeviceTreeError(.noSpace, node: node, property: name)
    }
    try edit(name, of: node, at: offset) { blob in
      unsafe name.withCString { unsafe fdt_setprop(blob, offset, $0, value.bytes, size) }
    }
  }

  /// Deletes every copy of a property and returns their values, first to last.
  ///
  /// libfdt's `fdt_delprop` deletes the first one only, and so uncovers the next.
  @discardableResult
  public mutating func deleteProperty(
    _ name: String, of node: String
  ) throws(DeviceTreeError) -> [PropertyValue] {
    let offset = try offset(of: node)
    var deleted: [PropertyValue] = []
    while let value = value(of: name, at: offset) {
      deleted.append(value)
      try edit(name, of: node, at: offset) { blob in
        unsafe name.withCString { unsafe fdt_delprop(blob, offset, $0) }
      }
    }
    return deleted
  }

  /// A node's own `#address-cells` and `#size-cells`, which apply to the addresses of its children.
  ///
  /// A missing one is an error: Linux and libfdt assume different defaults
  /// (`drivers/of/fdt.c:early_init_dt_scan_root` 1, `libfdt:fdt_address_cells` 2).
  ///
  /// - Throws: ``DeviceTreeError/Code/badCells`` unless both exist and are 1 or 2.
  public func cellCounts(of node: String) throws(DeviceTreeError) -> CellCounts {
    func count(_ name: String) throws(DeviceTreeError) -> Int {
      let value = try property(name, of: node)?.u32
      guard let value, 1...2 ~= value else {
        throw DeviceTreeError(.badCells, node: node, property: name, value: value.map(UInt64.init))
      }
      return Int(value)
    }
    let (address, size) = (try count("#address-cells"), try count("#size-cells"))
    guard let cells = CellCounts(address: address, size: size) else {
      preconditionFailure("both counts are 1 or 2")
    }
    return cells
  }
}

extension PropertyValue {
  /// Copies what libfdt points to.
  fileprivate init(copying bytes: UnsafeRawPointer, _ size: CInt) {
    self.init(bytes: unsafe Array(UnsafeRawBufferPointer(start: bytes, count: Int(size))))
  }
}
