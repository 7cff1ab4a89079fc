// SPDX-License-Identifier: Apache-2.0

import KernelImage
import Kexec
import Loading
import SystemPackage

/// What is to be started: files, and what a unified kernel image brings with it.
struct KernelSource {
  private let path: String
  private let file: KernelFile
  /// The kernel itself, unpacked.
  private let bytes: [UInt8]
  /// The initrds as one; nil for none.
  let initrd: [UInt8]?
  /// The command line of a unified kernel image.
  let commandLine: String?

  /// Opens the files that the arguments name.
  init(_ arguments: Arguments) throws(Failure) {
    path = arguments.kernel ?? ""
    let all = try contents(of: FilePath(path))
    do throws(KernelFileError) {
      file = try KernelFile(all.span)
    } catch {
      throw Failure(error, in: path)
    }
    bytes = file.bytes.copy(of: all.span)
    let profile = file.profile
    func part(_ place: Range<Int>?) -> [UInt8]? {
      guard let profile, let place else { return nil }
      return profile.piece(place).copy(of: all.span)
    }
    commandLine = part(profile?.places.commandLine).map { String(decoding: $0.text, as: UTF8.self) }
    let own = part(profile?.places.initrd)
    var initrds: [[UInt8]] = []
    for path in arguments.initrds { initrds.append(try contents(of: FilePath(path))) }
    initrd = LoadRequest.joining(initrds) ?? own
    guard initrd?.isEmpty != true else { throw Failure(PlanError.emptyInitrd) }
  }

  /// Whether there is a file around the kernel.
  var isPacked: Bool { file.layers.count > 1 }

  /// The next kernel's command line: the caller's, the kernel's own, or the running kernel's.
  func commandLine(_ arguments: Arguments, on machine: Machine) throws(Failure) -> KernelCommandLine
  {
    var line: KernelCommandLine
    if let text = arguments.commandLine ?? commandLine {
      line = KernelCommandLine(text)
    } else {
      line = try machine.commandLine(forCrash: arguments.command.isForCrash)
    }
    line.append(arguments.append ?? "")
    return line
  }

  /// Plans everything in user space, for kexec_load.
  func plan(_ arguments: Arguments, on machine: Machine) throws(Failure) -> LoadPlan {
    let (image, base) = (try image(), try machine.tree())
    var request = LoadRequest(
      kernel: image, bytes: bytes, tree: base?.tree,
      commandLine: .given(try commandLine(arguments, on: machine)), seeds: .fresh)
    request.initrd = initrd
    request.edits = base?.edits ?? []
    request.crash = arguments.command.isForCrash ? try machine.crashFacts() : nil
    let (architecture, memory) = (try machine.architecture(), try machine.memory())
    do throws(PlanError) {
      return try LoadPlan(request, for: architecture, on: memory)
    } catch {
      throw Failure(error)
    }
  }

  /// Leaves all that to the kernel, by kexec_file_load.
  func files(_ arguments: Arguments, on machine: Machine) throws(Failure) -> KernelFiles {
    let line = try commandLine(arguments, on: machine).bytes
    let architecture = try machine.architecture()
    try checkIsKernel(for: architecture)
    if let limit = architecture.commandLineLimit, line.count >= limit.value {
      throw Failure(PlanError.commandLineTooLong(size: line.count, architecture))
    }
    return KernelFiles(
      kernel: try SealedFile("kernel", bytes),
      initrd: try initrd.map { (bytes) throws(Failure) in try SealedFile("initrd", bytes) },
      commandLine: line, isLogged: arguments.isLogged)
  }

  /// Refuses what the kernel would refuse too, but after it gave up the crash kernel that is loaded.
  private func checkIsKernel(for architecture: Architecture) throws(Failure) {
    guard file.layers.last?.format != .bzImage || architecture != .x86_64 else { return }
    let machine = try image().machine
    guard Architecture(named: "\(machine)") == architecture else {
      throw Failure(PlanError.otherKernel(machine, architecture))
    }
  }

  private func image() throws(Failure) -> KernelImage {
    do throws(KernelFileError) {
      return try file.image
    } catch {
      throw Failure(error, in: path)
    }
  }
}

extension Seeds {
  /// Fresh ones: this generator is getrandom(2).
  fileprivate static var fresh: Seeds {
    var random = SystemRandomNumberGenerator()
    let bytes = { (count: Int) in
      (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }
    return Seeds(kaslr: bytes(kaslrSize), rng: bytes(rngSize))
  }
}

extension [UInt8] {
  /// A text up to its NUL, without blanks and newlines at its end.
  fileprivate var text: ArraySlice<UInt8> {
    var text = prefix { $0 != 0 }
    while let last = text.last, last <= 0x20 { text.removeLast() }
    return text
  }
}
