// SPDX-License-Identifier: Apache-2.0

import CDTFix
import DeviceTree

/// What a tree handle holds.
final class TreeObject: HandleObject {
  static let typeName = "tree"
  static let mark: UInt64 = 0x6474_6669_785f_7401

  var tree: DeviceTree

  init(_ tree: DeviceTree) { self.tree = tree }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_open")
public func dtfix_tree_open(
  _ blob: UnsafeRawPointer?, _ size: Int, _ tree: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  unsafe answer(error) { () throws(CallFailure) in
    guard let blob = unsafe blob, let tree = unsafe tree else { throw .argument("NULL") }
    let bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: blob, count: size))
    do throws(DeviceTreeError) {
      unsafe tree.pointee = TreeObject(try DeviceTree(blob: bytes)).handle()
    } catch {
      throw CallFailure(.malformed, "\(error)")
    }
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_free")
public func dtfix_tree_free(_ tree: UnsafeMutablePointer<OpaquePointer?>?) {
  unsafe TreeObject.free(tree)
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_error_message")
public func dtfix_error_message(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
  unsafe (try? ErrorObject.of(error))?.message.start
}
