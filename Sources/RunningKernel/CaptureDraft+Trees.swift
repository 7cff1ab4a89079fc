// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import Files
import SystemPackage

// Both trees, and the head of `/proc/kcore`: what has secrets in it.
extension CaptureDraft {
  mutating func addTrees() {
    addFlatTree()
    addLiveTree()
  }

  /// A blob that cannot be read might have its secrets anywhere, so it is left out.
  private mutating func addFlatTree() {
    let path = "sys/firmware/fdt"
    do throws(MachineError) {
      var blob = try machine.flatTree()
      do throws(DeviceTreeError) {
        for secret in try DeviceTree.wipeSecrets(in: &blob) {
          addSecret("\(path):\(secret.path)", byteCount: secret.byteCount)
        }
      } catch {
        // What was found there may be a part of a secret.
        throw .malformedTree(
          machine.flatTreePath, DeviceTreeError(error.code, offset: error.offset))
      }
      add(path, blob)
      addedTree()
    } catch {
      addUnread(path, error)
    }
  }

  /// The live tree as a folder, whatever it was.
  private mutating func addLiveTree() {
    let path = "proc/device-tree"
    guard machine.hasLiveTree else { return }
    do throws(MachineError) {
      let (root, leftOut) = try machine.liveRootAndLeftOut()
      for item in leftOut { addUnread(path + item.path, item.reason) }
      add(root, at: path)
      if !root.properties.isEmpty || !root.children.isEmpty { addedTree() }
    } catch {
      addUnread(path, error)
    }
  }

  private mutating func add(_ node: Node, at path: String) {
    if node.properties.isEmpty, node.children.isEmpty { add(path, nil as [UInt8]?) }
    for property in node.properties {
      let place = "\(path)/\(property.name)"
      var bytes = property.value.bytes
      if property.isSecretFile {
        addSecret(place, byteCount: bytes.count)
        bytes = [UInt8](repeating: 0, count: bytes.count)
      }
      add(place, bytes)
    }
    for child in node.children { add(child, at: "\(path)/\(child.name)") }
  }

  /// The head of `/proc/kcore`, without what it tells of the process that reads it.
  mutating func addCore() {
    let path = "proc/kcore"
    do throws(MachineError) {
      let (bytes, taskSize) = try machine.withCore { file in
        try KernelCore.head { try file.readBytes(at: $0) }
      }
      if taskSize > 0 { addSecret("\(path):NT_TASKSTRUCT", byteCount: taskSize) }
      add(path, bytes)
    } catch {
      addUnread(path, error)
    }
  }
}

extension Property {
  /// Whether it is a secret, also when its file got another name than its own: `kaslr-seed#1`
  /// (`drivers/of/kobj.c:safe_name`).
  fileprivate var isSecretFile: Bool {
    let parts = name.split(separator: "#", omittingEmptySubsequences: false)
    let isRenamed = parts.count > 1 && parts[parts.count - 1].decimal != nil
    return SecretProperty.notCaptured.contains(name)
      || isRenamed && SecretProperty.notCaptured.contains(parts.dropLast().joined(separator: "#"))
  }
}
