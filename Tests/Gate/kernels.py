# SPDX-License-Identifier: Apache-2.0
"""Kernel files of every format, as small as they can be: headers by their specifications, and no code.

The same as Tests/TestSupport/KernelBuilder.swift.
"""
import gzip
import lzma
import struct
import subprocess

ARM64, RISCV64, LOONGARCH64, X86_64 = 0xaa64, 0x5064, 0x6264, 0x8664  # Machines of PE/COFF.


def placed(fields, data):
    """Bytes with `fields` put into them: bytes by their offsets."""
    data = bytearray(data)
    for offset, field in fields.items():
        data[offset:offset + len(field)] = field
    return bytes(data)


def filled(fields, size=64):
    """A header of 64 bytes with `fields`, and behind it what can be packed."""
    pattern = bytes(index * 37 % 251 for index in range(512))
    return placed(fields, bytes(64) + (pattern * (size // 512 + 1))[:max(0, size - 64)])


def arm64(size=10_000, image_size=0x1_0000, text_offset=0, flags=0xa):
    """Documentation/arch/arm64/booting.rst, section 4."""
    return filled({8: struct.pack("<QQQ", text_offset, image_size, flags), 56: b"ARMd"}, size)


def riscv(size=10_000, image_size=0x1_0000, text_offset=0x20_0000, flags=0, magic2=b"RSC\5"):
    """Documentation/arch/riscv/boot-image-header.rst."""
    fields = struct.pack("<QQQI", text_offset, image_size, flags, 2)
    return filled({8: fields, 48: b"RISCV\0\0\0", 56: magic2}, size)


def loongarch(entry=0x20_1000, kernel_size=0x1_0000, text_offset=0x20_0000):
    """arch/loongarch/include/asm/image.h."""
    fields = struct.pack("<QQQ", entry, kernel_size, text_offset)
    return placed({8: fields}, program({".text": filled({}, 4500)}, LOONGARCH64))


def bz_image():
    """Documentation/arch/x86/boot.rst."""
    return placed({514: b"HdrS"}, program({".text": b"\1"}, X86_64))


def program(sections, machine=ARM64, start=()):
    """A UEFI program (PE/COFF): `sections` by name, or pairs of which several may have a name."""
    def padded(data):
        return data + bytes(-len(data) % 512)
    sections = list(sections.items()) if isinstance(sections, dict) else sections
    head = filled({0: b"MZ", 60: struct.pack("<I", 64), **dict(start)})
    optional = placed({0: struct.pack("<H", 0x20b), 16: struct.pack("<I", 0x1000),
                       32: struct.pack("<II", 0x1000, 0x200), 56: struct.pack("<I", 0x10_0000),
                       68: struct.pack("<H", 10), 108: struct.pack("<I", 16)}, bytes(240))
    head += b"PE\0\0" + struct.pack("<HHIIIHH", machine, len(sections), 0, 0, 0, 240, 0x206) + optional
    offset = len(head) + 40 * len(sections)
    offset += -offset % 512
    body = b""
    for name, data in sections:
        place = offset + len(body)
        head += struct.pack("<8sIIII16x", name.encode(), len(data), place * 8, len(padded(data)), place)
        body += padded(data)
    return padded(head) + body


def zboot(kind, payload, size, machine=ARM64):
    """drivers/firmware/efi/libstub/zboot-header.S; gzip ends with the size of the kernel itself."""
    content = payload + (b"" if kind == "gzip" else struct.pack("<I", size))
    start = {4: b"zimg" + struct.pack("<II", 512, len(payload)), 24: kind.encode() + b"\0",
             56: struct.pack("<I", 0x8182_23cd)}
    return program({".text": content}, machine, start)


def elf(segments, machine=21, kind=2, entry=0xc000_0000_0000_0000, flags=2, order="<"):
    """System V ABI, chapters 4 and 5. A segment: type, virtual and physical address, size in memory, bytes."""
    data = b"\x7fELF" + bytes([2, 1 if order == "<" else 2, 1]) + bytes(9)
    data += struct.pack(order + "HHIQQQIHHHHHH", kind, machine, 1, entry, 64, 0, flags, 64, 56, len(segments), 0, 0, 0)
    offset = 64 + 56 * len(segments)
    for type_, virtual, physical, size, content in segments:
        data += struct.pack(order + "IIQQQQQQ", type_, 7, offset, virtual, physical, len(content), size, 0x1_0000)
        offset += len(content)
    return data + b"".join(content for *_, content in segments)


def ppc64(size=10_000, memory=0x2_0000, order="<"):
    """A vmlinux of one piece, linked for the start of memory."""
    content = bytes(range(256)) + b"\x60" * (size - 256)
    return elf([(1, 0xc000_0000_0000_0000, 0, memory, content)], flags=2 if order == "<" else 1, order=order)


def riscv_elf():
    """A vmlinux of two segments."""
    start = 0xffff_ffff_8000_0000
    segments = [(1, start + offset, 0x8020_0000 + offset, size, b"\1" * 0x1000)
              for offset, size in [(0, 0x3000), (0x20_0000, 0x10_0000)]]
    return elf(segments, machine=243, entry=start, flags=0)


def packed(program, *options):
    return lambda data: subprocess.run([program, *options, "-c"], input=data, capture_output=True, check=True).stdout


PACKERS = {
    "gzip": lambda data: gzip.compress(data, mtime=0), "xz": lambda data: lzma.compress(data, check=lzma.CHECK_CRC32),
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE), "zstd": packed("zstd", "-q"),
    "lz4": packed("lz4", "-q"), "lz4-legacy": packed("lz4", "-q", "-l"), "lzop": packed("lzop"),
}


def all_files():
    """Every kernel file by its name."""
    image = arm64(30_000, 0x2_0000)
    zstd = PACKERS["zstd"]
    files = {
        "Image": image, "Image-large": arm64(60_000, 0x6a_0000), "Image-low": arm64(text_offset=0x8_0000, flags=0x2),
        "Image-64k": arm64(flags=0xe), "Image-16k": arm64(flags=0xc), "Image-big-endian": arm64(flags=0xb),
        "Image-no-size": arm64(image_size=0), "Image-huge": arm64(image_size=1 << 40),
        "riscv-Image": riscv(), "riscv-Image-large": riscv(60_000, 0x60_0000), "riscv-Image-old": riscv(magic2=b""),
        "riscv-Image-offset": riscv(text_offset=0x1000), "riscv-vmlinux": riscv_elf(),
        "ppc64le-vmlinux": ppc64(), "ppc64-vmlinux": ppc64(order=">"), "ppc64le-large": ppc64(60_000, 0x8d_0000),
        "ppc64le-linked-high": elf([(1, 0xc000_0000_0200_0000, 0x200_0000, 0x1000, b"\1" * 100)],
                                   entry=0xc000_0000_0200_0000),
        "loongarch.efi": loongarch(), "loongarch-large.efi": loongarch(kernel_size=0x1a0_0000), "bzImage": bz_image(),
        "legacy-uImage": b"\x27\5\x19\x56" + bytes(60), "empty": b"", "text": b"no kernel\n",
        "zeros": bytes(4096), "program.efi": program({".text": b"\1"}),
        "elf-no-segments": elf([]), "elf-no-memory": elf([(1, 0, 0, 0, b"")]), "elf-x86": elf([(1, 0, 0, 9, b"\1")], 62,
                                                                                              entry=0),
        "uki.efi": program([(".osrel", b"ID=debian\n"), (".cmdline", b"root=/dev/vda quiet\n\0"), (".uname", b"6.12"),
                            (".dtb", b"\1\2\3"), (".dtbauto", b"\4"), (".initrd", b"\7\7\7\7\7"), (".linux", image)]),
        "uki-zboot.efi": program({".cmdline": b"from=uki\x1b[2J\n", ".linux": zboot("zstd", zstd(image), len(image))}),
        "uki-profiles.efi": program([(".cmdline", b"base"), (".profile", b"ID=base"), (".initrd", b"\1"),
                                     (".profile", b'ID=rescue\nTITLE=Say "help"\n'), (".linux", image)]),
        "uki-two-kernels.efi": program([(".linux", image), (".linux", image)]),
        "uki-x86.efi": program([(".cmdline", b"quiet\n"), (".linux", bz_image())], X86_64),
        "uki-other-machine.efi": program({".linux": image}, RISCV64),
        "uki-long-text.efi": program({".linux": image, ".cmdline": b"a" * 4097, ".uname": b"a" * 4096}),
        "uki-riscv.efi": program({".cmdline": b"from=uki", ".linux": riscv(), ".initrd": b"\1\2\3"}, RISCV64),
        "zboot-riscv.efi": zboot("zstd", zstd(riscv()), 10_000, RISCV64),
        "zboot-loongarch.efi": zboot("gzip", PACKERS["gzip"](loongarch(kernel_size=0x8000)), 0, LOONGARCH64),
        "zboot-wrong-size.efi": zboot("zstd", zstd(image), 29_999),
        "zboot-other-kind.efi": zboot("brotli", zstd(image), 30_000),
        "Image.gz.gz": PACKERS["gzip"](PACKERS["gzip"](image)), "Image.bz2": b"BZh91AY&SY" + bytes(40),
        "Image.zst-sized": zstd(image) + struct.pack("<I", 30_000),
        "Image.zst-wrong-size": zstd(image) + struct.pack("<I", 30_001),
        "vmlinux.gz": PACKERS["gzip"](ppc64()),
    }
    for name, pack in PACKERS.items():
        files["Image." + name] = pack(image)
        files["cut." + name] = pack(image)[:-20]
    for kind, name in [("gzip", "gzip"), ("zstd22", "zstd"), ("lzma", "lzma"), ("xzkern", "xz"), ("lz4", "lz4-legacy"),
                       ("lzo", "lzop")]:
        files[f"zboot-{name}.efi"] = zboot(kind, PACKERS[name](image), len(image))
    return files
