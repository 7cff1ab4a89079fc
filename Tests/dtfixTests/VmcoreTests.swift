// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// What the crash kernel makes of our header is opened by drgn, which knows vmcores.
///
/// The dump is synthetic: the notes and a few words of memory are written where the header says the
/// crashed kernel has them, and laid out as `fs/proc/vmcore.c` serves them.
@Suite struct `A dump after our core header` {
  @Test(
    arguments: [
      ("arm64-virt-6.12-kf", "AARCH64", []), ("arm64-virt-6g-highlow-6.12-kf", "AARCH64", []),
      ("riscv64-virt-7.2-kf", "RISCV64", []),
      ("pseries-7.2-kf", "PPC64", ["--backup-at", "0x208d0000"]),
      ("x86_64-q35-6.1", "X86_64", []), ("x86_64-q35-6g-high-6.1", "X86_64", []),
      ("x86_64-q35-la57-6.12", "X86_64", []),
    ] as [(String, String, [String])])
  func `is opened by drgn, and has every byte in its place`(
    machine: String, architecture: String, options: [String]
  ) throws {
    let root = try Fixtures.machine(machine)
    let place = try TemporaryFolder()
    let made = try dtfix(["elfcorehdr", "--root", root, "-o", place / "core.hdr"] + options)
    expectSilence(made)
    let served = try debianPython(
      Self.vmcore, place / "core.hdr", root + "/proc/kcore", place / "vmcore")
    #expect(served.errors == "")

    let read = try debianPython(Self.reader, place / "vmcore", place / "core.hdr")

    #expect(read.errors == "")
    #expect(read.text == "\(architecture) kernel\n")
  }

  /// The interpreter that Debian's python3-drgn belongs to.
  private func debianPython(_ script: String, _ arguments: String...) throws -> ToolResult {
    try run("/usr/bin/python3", ["-c", script] + arguments)
  }

  /// HEADER KCORE OUT: writes what the crash kernel would serve.
  private static let vmcore = #"""
    import struct, sys
    header, kcore, out = sys.argv[1:4]
    raw = open(header, "rb").read()
    machine, count = struct.unpack_from("<H", raw, 18)[0], struct.unpack_from("<H", raw, 56)[0]
    rows = [struct.unpack_from("<IIQQQQQQ", raw, 64 + 56 * n) for n in range(count)]
    padded = lambda data, size: data + b"\0" * (-len(data) % size)

    def note(name, kind, data):
        return struct.pack("<III", len(name), len(data), kind) + padded(name, 4) + padded(data, 4)

    def vmcoreinfo():
        head = open(kcore, "rb").read()
        table, = struct.unpack_from("<Q", head, 32)
        for n in range(struct.unpack_from("<H", head, 56)[0]):
            row = struct.unpack_from("<IIQQQQQQ", head, table + 56 * n)
            offset, end = row[2], row[2] + row[5]
            while row[0] == 4 and offset + 12 <= end:
                name, data, _ = struct.unpack_from("<III", head, offset)
                start = offset + 12 + (name + 3 & ~3)
                if head[offset + 12:offset + 22] == b"VMCOREINFO": return head[start:start + data]
                offset = start + (data + 3 & ~3)

    places = [row for row in rows if row[0] == 4]
    registers = {183: 392, 243: 376, 21: 504, 62: 336}[machine]
    notes = [note(b"CORE\0", 1, bytes(registers)) for _ in places[:-1]]
    notes.append(note(b"VMCOREINFO\0", 0, vmcoreinfo()))
    assert all(len(text) <= row[5] for text, row in zip(notes, places))
    merged, loads = b"".join(notes), [row for row in rows if row[0] == 1]
    offset = 64 + 56 * (1 + len(loads))
    served = [(4, 0, offset, 0, 0, len(merged), len(merged), 0)]
    place = offset + len(merged) + 4095 & ~4095
    with open(out, "wb") as core:
        for kind, flags, source, virtual, physical, size, memory, align in loads:
            inside = physical & 4095
            served.append((kind, flags, place + inside, virtual, physical, size, memory, align))
            for where in (0, size - 8 & ~4095):  # each says where its bytes come from
                core.seek(place + inside + where)
                core.write(struct.pack("<Q", source + where))
            place += inside + size + 4095 & ~4095
        core.truncate(place)
        core.seek(0)
        core.write(raw[:56] + struct.pack("<H", len(served)) + raw[58:64])
        for row in served: core.write(struct.pack("<IIQQQQQQ", *row))
        core.write(merged)
    """#

  /// VMCORE HEADER: reads the words back, by virtual and by physical address.
  private static let reader = #"""
    import drgn, struct, sys
    program = drgn.Program()
    program.set_core_dump(sys.argv[1])
    raw = open(sys.argv[2], "rb").read()
    rows = [struct.unpack_from("<IIQQQQQQ", raw, 64 + 56 * n)
            for n in range(struct.unpack_from("<H", raw, 56)[0])]
    loads = [row for row in rows if row[0] == 1]
    text = loads[0] if loads[0][3] - loads[0][4] != loads[1][3] - loads[1][4] else None
    for row in loads:
        for where in (0, row[5] - 8 & ~4095):
            want = row[2] + where
            found, = struct.unpack("<Q", program.read(row[3] + where, 8))
            if found != want: print("virtual", hex(row[3] + where), hex(found), hex(want))
            if row is text: continue  # its memory is a part of the RAM after it
            found, = struct.unpack("<Q", program.read(row[4] + where, 8, True))
            if found != want: print("physical", hex(row[4] + where), hex(found), hex(want))
    kernel = program.flags & drgn.ProgramFlags.IS_LINUX_KERNEL
    print(program.platform.arch.name, "kernel" if kernel else "no kernel")
    """#
}
