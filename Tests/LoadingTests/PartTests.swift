// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import Loading
import PhysicalMemory
import RunningKernel
import SystemPackage
import TestSupport
import Testing

/// A list of one measurement, as `security/integrity/ima/ima_fs.c:ima_measurements_show` writes it on a
/// little-endian machine: register 10, a digest, `ima-ng`, and its two fields.
private let list: [UInt8] = {
  let digest = Array("sha1:\0".utf8) + [UInt8](repeating: 7, count: 20)
  let fields = word(digest.count) + digest + word(6) + Array("/init\0".utf8)
  return word(10) + [UInt8](repeating: 1, count: 20) + word(6) + Array("ima-ng".utf8)
    + word(fields.count) + fields
}()

private func word(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(value >> (8 * $0) & 0xff) } }

/// `struct ima_kexec_hdr` in `security/integrity/ima/ima.h`, and the list.
private let buffer: [UInt8] =
  word(1) + word(0) + word(24 + list.count) + word(0) + word(1) + word(0) + list

@Suite struct `A part of a file set` {
  @Test(arguments: [list, buffer])
  func `that IMA measured is a buffer in the plan`(bytes: [UInt8]) throws {
    let files = try set((.kernel, KernelBuilder.arm64Image()), (.input(.imaBuffer), bytes))

    let plan = try LoadJob(files, on: machine("arm64-virt-6.12")).plan()

    let segment = try #require(plan.segments.first { $0.kind == .imaBuffer })
    #expect(segment.bytes.starts(with: buffer))
    let tree = try DeviceTree(blob: #require(plan.tree).blob)
    #expect(try tree.property("linux,ima-kexec-buffer", of: "/chosen") != nil)
  }

  @Test func `that IMA measured may be the machine's own`() throws {
    let folder = try TemporaryFolder()
    try run("cp", ["-r", Fixtures.machine("arm64-virt-6.12"), folder / "machine"])
    try run("mkdir", ["-p", folder / "machine/sys/kernel/security/ima"])
    try write(
      list, to: folder / "machine/sys/kernel/security/ima/binary_runtime_measurements")
    var options = RequestOptions()
    options.handsOnMeasurements = true
    let files = try set((.kernel, KernelBuilder.arm64Image()))

    let plan = try LoadJob(
      files, options, on: RunningKernel(root: FilePath(folder / "machine")).snapshot()
    ).plan()

    let segment = try #require(plan.segments.first { $0.kind == .imaBuffer })
    #expect(segment.bytes.starts(with: buffer))
    expectRefusal(.notOffered, "binary_runtime_measurements: no such file") {
      try LoadJob(files, options, on: machine("arm64-virt-6.12")).plan()
    }
    expectRefusal(.usage, "no machine is named") {
      try LoadJob(
        set((.kernel, KernelBuilder.arm64Image()), (.tree, Fixtures.blob("qemu-arm64-virt"))),
        options, on: nil
      ).plan()
    }
  }

  @Test func `that IMA did not measure is refused`() throws {
    let files = try set(
      (.kernel, KernelBuilder.arm64Image()), (.input(.imaBuffer), list.dropLast()))

    expectRefusal(.malformedInput, "the IMA buffer: ") {
      try LoadJob(files, on: machine("arm64-virt-6.12")).plan()
    }
  }

  /// A kernel keeps what is before the bad measurement, and no more.
  @Test func `that IMA measured is refused if a kernel restores only a part of it`() throws {
    let unknown =
      word(10) + [UInt8](repeating: 1, count: 20) + word(3) + Array("foo".utf8) + word(0)
    let bytes =
      word(1) + word(0) + word(24 + list.count + unknown.count) + word(0) + word(2) + word(0)
      + list + unknown
    let files = try set((.kernel, KernelBuilder.arm64Image()), (.input(.imaBuffer), bytes))

    expectRefusal(.malformedInput, "the IMA buffer: ", "measurement 2: ", "template \"foo\"") {
      try LoadJob(files, on: machine("arm64-virt-6.12")).plan()
    }
  }

  /// Our list is little-endian, as `ima_canonical_fmt` has it on every machine.
  @Test func `that IMA measured is in the byte order that the next kernel reads`() throws {
    let kernel = KernelBuilder.ppc64Kernel(size: 8192, memorySize: 1 << 20, isBigEndian: true)
    let files = try set((.kernel, kernel), (.input(.imaBuffer), list))
    var options = RequestOptions()
    options.architecture = .ppc64

    expectRefusal(.malformedInput, "the list is little-endian") {
      try LoadJob(files, options, on: machine("pseries-7.2-kf")).gathered()
    }

    options.append = "ima_canonical_fmt"
    let gathered = try LoadJob(files, options, on: machine("pseries-7.2-kf")).gathered()
    #expect(gathered.request[.imaBuffer] == .bytes(buffer))
  }

  @Test func `that is extra has a name of its own, or is wrong use`() throws {
    var files = try set((.kernel, KernelBuilder.arm64Image()))
    try files.add(.extra, [1], named: "bootargs")

    expectRefusal(.usage, "the extra bootargs: ") {
      try LoadJob(files, on: machine("arm64-virt-6.12")).plan()
    }
  }

  @Test func `that is extra is in the memory that its property names`() throws {
    var files = try set((.kernel, KernelBuilder.arm64Image()))
    try files.add(.extra, [1, 2, 3], named: "vendor,one")
    try files.add(.extra, [4, 5], named: "vendor,two")

    let job = try LoadJob(files, on: machine("arm64-virt-6.12"))
    let plan = try job.plan()

    let tree = try DeviceTree(blob: #require(plan.tree).blob)
    for (name, bytes) in [("vendor,one", [1, 2, 3]), ("vendor,two", [4, 5])] as [(String, [UInt8])]
    {
      let segment = try #require(plan.segments.first { $0.bytes == bytes })
      let cells =
        PropertyValue.u64(segment.range.start).bytes
        + PropertyValue.u64(UInt64(bytes.count)).bytes
      #expect(try tree.property(name, of: "/chosen")?.bytes == cells)
    }
    #expect(job.planNeeds == ["kexec_file_load takes no extras: vendor,one"])
  }

  @Test func `that is a core header is loaded as it is`() throws {
    let folder = try TemporaryFolder()
    let captured = try machine("arm64-virt-6.12-kf")
    let result = try dtfix(
      "elfcorehdr", "--root", captured.root ?? "", "-o", folder / "core.hdr")
    #expect(result.status == 0, "\(result.errors)")
    let header = try contents(of: folder / "core.hdr")
    var options = RequestOptions()
    options.purpose = .crash

    let plan = try LoadJob(
      set((.kernel, KernelBuilder.arm64Image()), (.input(.coreHeader), header)), options,
      on: captured
    ).plan()

    #expect((plan.purpose == .crash))
    #expect(plan.segments.first { $0.kind == .coreHeader }?.bytes == header)
    expectRefusal(.malformedInput, "") {
      try LoadJob(
        set((.kernel, KernelBuilder.arm64Image()), (.input(.coreHeader), [1, 2, 3])), options,
        on: captured
      ).plan()
    }
  }
}
