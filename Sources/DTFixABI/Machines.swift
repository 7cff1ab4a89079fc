// SPDX-License-Identifier: Apache-2.0

import CDTFix
import Kexec
import Loading
import RunningKernel
import SystemPackage

/// What a machine handle holds.
final class MachineObject: HandleObject, Sendable {
  static let typeName = "machine"
  static let mark: UInt64 = 0x6474_6669_785f_6d61

  let kernel: RunningKernel

  init(_ kernel: RunningKernel) { self.kernel = kernel }

  /// The machine; each call reads it anew.
  var machine: MachineSnapshot { kernel.snapshot() }
}

/// Asks a machine.
func ask<Value>(_ question: () throws(KexecError) -> Value) throws(CallFailure) -> Value {
  do throws(KexecError) {
    return try question()
  } catch {
    throw CallFailure(error)
  }
}

/// What a kernel is for.
func purpose(_ purpose: UInt32) throws(CallFailure) -> Purpose {
  switch Int(purpose) {
  case DTFIX_FOR_KEXEC: return .kexec
  case DTFIX_FOR_CRASH: return .crash
  default: throw .argument("purpose: \(purpose) is neither DTFIX_FOR_KEXEC nor DTFIX_FOR_CRASH")
  }
}

/// Which of a machine's trees; nil for the better one.
func treeOrigin(_ origin: UInt32) throws(CallFailure) -> TreeOrigin? {
  switch Int(origin) {
  case DTFIX_TREE_BEST: return nil
  case DTFIX_TREE_FLAT: return .flat
  case DTFIX_TREE_LIVE: return .live
  default: throw .argument("origin: \(origin) is none of DTFIX_TREE_BEST, _FLAT and _LIVE")
  }
}

/// An architecture by its name; nil for none.
@safe func architecture(_ name: UnsafePointer<CChar>?) throws(CallFailure) -> Architecture? {
  guard let name = try textIfAny(name, "architecture") else { return nil }
  guard let architecture = Architecture(named: name) else {
    throw CallFailure(.usage, "architecture: \(name) is not known here")
  }
  return architecture
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_machine_open")
public func dtfix_machine_open(
  _ root: UnsafePointer<CChar>?, _ machine: HandlePlace?, _ error: HandlePlace?
) -> CInt {
  answer(error, machine, "machine") { () throws(CallFailure) in
    let root = try textIfAny(root, "root") ?? "/"
    guard !root.isEmpty else { throw .argument("root: the name of a folder, not empty") }
    return MachineObject(RunningKernel(root: FilePath(root)))
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_machine_free")
public func dtfix_machine_free(_ machine: HandlePlace?) {
  MachineObject.free(machine)
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_machine_architecture")
public func dtfix_machine_architecture(
  _ machine: OpaquePointer?, _ name: HandlePlace?, _ error: HandlePlace?
) -> CInt {
  answer(error, name, "name") { () throws(CallFailure) in
    let kernel = try MachineObject.of(machine).kernel
    let found = try ask { () throws(KexecError) in
      var machine = kernel.snapshot()
      return try machine.readArchitecture()
    }
    guard let found else {
      throw CallFailure(.notOffered, "\(kernel.root): the architecture is not known")
    }
    return BufferObject(found.name)
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_machine_tree")
public func dtfix_machine_tree(
  _ machine: OpaquePointer?, _ origin: UInt32, _ tree: HandlePlace?, _ error: HandlePlace?
) -> CInt {
  answer(error, tree, "tree") { () throws(CallFailure) in
    let source = try MachineObject.of(machine).machine
    let origin = try treeOrigin(origin)
    let file = try ask { () throws(KexecError) in
      var machine = source
      return try machine.readTree(origin)
    }
    return TreeObject(file)
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_machine_command_line")
public func dtfix_machine_command_line(
  _ machine: OpaquePointer?, _ purpose: UInt32, _ line: HandlePlace?, _ error: HandlePlace?
) -> CInt {
  answer(error, line, "line") { () throws(CallFailure) in
    let source = try MachineObject.of(machine).machine
    let purpose = try DTFixABI.purpose(purpose)
    let line = try ask { () throws(KexecError) in
      var machine = source
      let architecture = try machine.readArchitecture()
      return try machine.readCommandLine(for: purpose, on: architecture)
    }
    return BufferObject(line.bytes)
  }
}
