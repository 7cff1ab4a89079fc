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

  let machine: SourceMachine

  init(_ machine: SourceMachine) { self.machine = machine }
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
///
/// - Returns: whether it is for a crash.
func isForCrash(_ purpose: UInt32) throws(CallFailure) -> Bool {
  switch Int(purpose) {
  case DTFIX_FOR_KEXEC: return false
  case DTFIX_FOR_CRASH: return true
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
  _ root: UnsafePointer<CChar>?, _ machine: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let place = try place(machine, "machine")
    let root = try textIfAny(root, "root") ?? "/"
    guard !root.isEmpty else { throw .argument("root: the name of a folder, not empty") }
    MachineObject(SourceMachine(RunningKernel(root: FilePath(root)))).hand(to: place)
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_machine_free")
public func dtfix_machine_free(_ machine: UnsafeMutablePointer<OpaquePointer?>?) {
  MachineObject.free(machine)
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_machine_architecture")
public func dtfix_machine_architecture(
  _ machine: OpaquePointer?, _ name: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let place = try place(name, "name")
    let source = try MachineObject.of(machine).machine
    guard let found = try ask({ () throws(KexecError) in try source.architecture() }) else {
      throw CallFailure(.notOffered, "\(source.kernel.root): the architecture is not known")
    }
    BufferObject(found.name).hand(to: place)
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_machine_tree")
public func dtfix_machine_tree(
  _ machine: OpaquePointer?, _ origin: UInt32, _ tree: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let place = try place(tree, "tree")
    let source = try MachineObject.of(machine).machine
    let origin = try treeOrigin(origin)
    let file = try ask { () throws(KexecError) in try source.tree(origin) }
    TreeObject(file).hand(to: place)
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_machine_command_line")
public func dtfix_machine_command_line(
  _ machine: OpaquePointer?, _ purpose: UInt32, _ line: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let place = try place(line, "line")
    let source = try MachineObject.of(machine).machine
    let forCrash = try isForCrash(purpose)
    let line = try ask { () throws(KexecError) in
      try source.commandLine(forCrash: forCrash, for: try source.architecture())
    }
    BufferObject(line.bytes).hand(to: place)
  }
}
