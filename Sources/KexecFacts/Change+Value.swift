// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import DeviceTree

extension Change {
  /// A value as it is shown; the bytes of a secret are never in one. Later versions may know more
  /// kinds.
  public enum Value: Hashable, Sendable {
    /// A property's value.
    case property(PropertyValue)
    /// A physical address.
    case address(UInt64)
    /// Any other number.
    case number(UInt64)
    /// Physical memory.
    case memory(AddressAndSize)
    /// Secret bytes.
    case secret(byteCount: Int)
    /// Anything else, in words.
    case text(String)
  }
}

extension Change.Value {
  /// How the value of a property is shown: seeds not at all, unless they were wiped; addresses and
  /// the command line as what they are.
  public init(_ property: Property) {
    let value = property.value
    if property.isHidden(by: ChosenProperty.secrets) {
      self = .secret(byteCount: value.bytes.count)
    } else if let address = value.number, ChosenProperty.initrd.contains(where: property.isNamed) {
      self = .address(address)
    } else if property.isNamed(ChosenProperty.commandLine), value.bytes.contains(0) {
      // Some loaders pad it; readers stop at the first NUL.
      let line = PropertyValue(bytes: value.bytes.prefix { $0 != 0 } + [0])
      let padding = value.bytes.count - line.bytes.count
      self =
        padding == 0
        ? .property(value)
        : .text("\(line.sourceText) and \(padding) bytes after its end")
    } else {
      self = .property(value)
    }
  }
}

extension Change.Value: CustomStringConvertible {
  /// A property's value in device-tree source, memory as first and last byte.
  public var description: String {
    switch self {
    case .property(let value): value.sourceText
    case .address(let address): hex(address)
    case .number(let number): String(number)
    case .memory(let memory): memory.text
    case .secret(let byteCount): "(\(byteCount) secret bytes)"
    case .text(let text): text
    }
  }
}
