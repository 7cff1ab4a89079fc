# SPDX-License-Identifier: Apache-2.0
"""What the programs are run on: captured machines, boards, our own trees, kernels, and files for options.

All paths are relative to the folder that everything is run in.
"""
import dataclasses
import pathlib
import re
import shutil
import struct
import subprocess

import kernels

PACKAGE = pathlib.Path(__file__).resolve().parents[2]
SOURCES = sorted(path.stem for path in (PACKAGE / "dts").glob("*.dts"))


@dataclasses.dataclass
class Machine:
    """A captured machine, and addresses in its memory."""
    name: str
    architecture: str
    # Where RAM begins, and the main region of a crash kernel.
    ram: int
    crash: int
    crash_end: int

    @property
    def root(self):
        return f"machines/{self.name}"

    @property
    def has_tree(self):
        return self.architecture in ("arm64", "riscv64", "ppc64")

    def at(self, offset, size):
        """A range in RAM, from 256 MiB after its start on."""
        return f"{self.ram + 0x1000_0000 + offset:#x}+{size:#x}"

    def crash_at(self, offset, size):
        """A range in the crash region; a negative offset counts from its end."""
        return f"{(self.crash if offset >= 0 else self.crash_end) + offset:#x}+{size:#x}"


def prepare(place):
    """Unpacks and makes all of it; returns the machines."""
    unpack(place)
    make_loongarch(place / "machines/loongarch64-made-up")
    make_trees(place)
    make_merges(place / "merges")
    (place / "kernels").mkdir()
    for name, data in kernels.all_files().items():
        (place / "kernels" / name).write_bytes(data)
    make_files(place / "files")
    for name in ("scratch", "empty"):
        (place / name).mkdir()
    return [described(place, path.name) for path in sorted((place / "machines").iterdir())]


def unpack(place):
    fixtures = PACKAGE / "Tests/Fixtures"
    for archive in [*fixtures.glob("machines/*.tar.xz"), fixtures / "boards.tar.xz", fixtures / "measurements.tar.xz"]:
        folder = place / ("machines" if archive.parent.name == "machines" else ".")
        folder.mkdir(exist_ok=True)
        extract(archive, folder)
    for folder in (PACKAGE / "dts/machines").iterdir():
        if folder.is_dir():
            shutil.copytree(folder, place / f"machines/{folder.name}-in-dts")
    for archive in (place / "machines").glob("*/proc-device-tree.tar"):
        tree = archive.parent / "proc/device-tree"
        tree.mkdir()
        extract(archive, tree)


def extract(archive, folder):
    subprocess.run(["tar", "--no-same-owner", "-xf", archive, "-C", folder], check=True)


def described(place, name):
    root = place / "machines" / name
    memory = [(int(first, 16), int(last, 16) + 1, use) for first, last, use in re.findall(
        r"([0-9a-f]+)-([0-9a-f]+) : (.*)", (root / "proc/iomem").read_text())]
    regions = [(start, end) for start, end, use in memory if use == "Crash kernel"]
    if not regions:  # powerpc tells in its tree alone.
        chosen = root / "proc/device-tree/chosen"
        base, size = (int.from_bytes((chosen / f"linux,crashkernel-{word}").read_bytes(), "big")
                      for word in ("base", "size"))
        regions = [(base, base + size)]
    architecture = {"pseries": "ppc64"}.get(name.split("-")[0], name.split("-")[0])
    ram = next(start for start, _, use in memory if use == "System RAM")
    return Machine(name, architecture, ram, *max(regions))


def make_loongarch(root):
    """A machine that nobody captured, of the files that its kernel would have.

    The same as in Tests/dtfixTests/LoongArchPlanTests.swift.
    """
    note = struct.pack("<III", 11, 15, 0) + b"VMCOREINFO\0\0" + b"PAGESIZE=16384\n\0"
    core = kernels.elf([(4, 0, 0, 0, note), (1, 0x9000_0000_0000_0000, 0, 0x1000_0000, b""),
                        (1, 0x9000_0000_9000_0000, 0x9000_0000, 0xf000_0000, b"")], machine=258, kind=4)
    for name, data in {
        "proc/iomem": "00000000-0fffffff : System RAM\n  00000000-001fffff : Reserved\n"
                      "  00200000-0141ffff : Kernel code\n  01420000-0209a7ff : Kernel data\n"
                      "  0209a800-021ef3ff : Kernel bss\n  0f000000-0f00ffff : Reserved\n"
                      "90000000-17fffffff : System RAM\n  c0000000-cfffffff : Crash kernel\n",
        "proc/cmdline": "kexec initrd=0x90000000,0x1234 root=/dev/sda1 quiet crashkernel=256M\n",
        "sys/devices/system/cpu/cpu0/crash_notes": "9000a000\n",
        "sys/devices/system/cpu/cpu0/crash_notes_size": "512\n",
        "sys/kernel/vmcoreinfo": "0x90010000 1024\n",
        "proc/kcore": core,
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def compile_tree(source, path, *options):
    subprocess.run(["dtc", "-q", "-O", "dtb", "-o", path, *options], input=source.encode(), check=True)


def make_trees(place):
    (place / "trees").mkdir()
    for name in SOURCES:
        compile_tree((PACKAGE / f"dts/{name}.dts").read_text(), place / f"trees/{name}.dtb")
    tree = """
        /dts-v1/; / { #address-cells = <1>; #size-cells = <1>;
          cpus { #address-cells = <1>; #size-cells = <0>;
            cpu@0 { device_type = "cpu"; compatible = "arm,cortex-a53"; reg = <0>; }; };
          uart: serial@1000 { reg = <0x1000 0x100>; status = "disabled"; }; };"""
    compile_tree(tree, place / "trees/with-symbols.dtb", "-@")
    compile_tree(tree, place / "trees/without-symbols.dtb")
    compile_tree(tree, place / "trees/boot-cpu-7.dtb", "-b", "7")
    for name, source in {
        "uart": '&uart { status = "okay"; order = "overlay"; peer = <&uart>; child { }; };',
        "second": '&uart { order = "second"; };', "root": "&{/} { from-overlay = <1>; new-node { text = \"a\"; }; };",
        "chosen": '&{/} { chosen { bootargs = "mine"; }; };',
    }.items():
        compile_tree("/dts-v1/; /plugin/; " + source, place / f"trees/{name}.dtbo", "-@")


# What a board's tree and its machine's have to say, beside a root and a CPU; each of these is a machine of its own.
MEMORY = 'memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 %s>; };'
UEFI = """linux,uefi-system-table = <0 0xbffd0018>; linux,uefi-mmap-start = <0 0xbbfce9c0>;
    linux,uefi-mmap-size = <0x630>; linux,uefi-mmap-desc-size = <0x30>;
    linux,uefi-mmap-desc-ver = <1>; linux,uefi-secure-boot = <2>;"""
REGIONS = "reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; %s };"
FULL = """serial-number = "0123456789";
    chosen { kaslr-seed = <1 2>; linux,initrd-start = <0 0x48000000>; linux,initrd-end = <0 0x481f9bb8>; };
    aliases { ethernet0 = "/ethernet@9000000"; wifi0 = "/wifi"; };
    ethernet@9000000 { local-mac-address = [02 00 00 12 34 56]; };
    wifi { mac-address = [02 00 00 00 00 07]; }; bt { local-bd-address = [01 02 03 04 05 06]; };
    """ + REGIONS % "secure@70000000 { reg = <0 0x70000000 0 0x100000>; no-map; };" + MEMORY % "0x60000000"
MERGES = {
    "full": (MEMORY % "0" + "ethernet@9000000 { local-mac-address = [00 00 00 00 00 00]; };", FULL),
    "alias": ('aliases { ethernet0 = "/net"; bluetooth0 = "/b"; }; net { }; b { };',
              'aliases { ethernet0 = "/eth"; bluetooth0 = "/c"; }; eth { local-mac-address = [02 00 00 00 00 01]; };'
              "c { local-bd-address = [01 02 03 04 05 06]; };" + MEMORY % "0x60000000"),
    "two-aliases": ('aliases { ethernet0 = "/a"; ethernet1 = "/a"; }; a { };',
                    'aliases { ethernet0 = "/x"; ethernet1 = "/y"; }; x { mac-address = [02 00 00 00 00 01]; };'
                    "y { mac-address = [02 00 00 00 00 02]; };" + MEMORY % "0x60000000"),
    "other-mac": ("ethernet@9000000 { local-mac-address = [02 00 00 00 00 01]; };", FULL),
    "other-serial-number": ('serial-number = "other";', FULL),
    "other-memory": (MEMORY % "0x1000", FULL),
    "other-memory-uefi": (MEMORY % "0x1000", MEMORY % "0x60000000" + "chosen { " + UEFI + " };"),
    "no-memory": ("", "memory { device_type = \"memory\"; reg = <0 0 0 0>; };"),
    "memory-is-rom": ('memory@40000000 { device_type = "rom"; };', FULL),
    "memory-disabled": (MEMORY.replace("reg", 'status = "disabled"; reg') % "1", FULL),
    "memory-with-phandle": ('memory { device_type = "memory"; reg = <0 0 0 0>; phandle = <3>; };', FULL),
    "memory-too-large": ("#size-cells = <1>; memory { };", 'memory@0 { device_type = "memory"; reg = <0 0 1 0>; };'),
    "memory-in-blocks": ("", "ibm,dynamic-reconfiguration-memory { ibm,lmb-size = <0 1>; };"),
    "memory-malformed": ('memory@0 { device_type = "memory"; reg = <0 0 0>; };', FULL),
    "memory-usable": ("", MEMORY.replace("reg", "linux,usable-memory = <0 0x40000000 0 0x1000>; reg") % "0x60000000"),
    "uefi": ("chosen { stdout-path = \"/soc\"; };", "chosen { " + UEFI + " };"),
    "uefi-other": ("chosen { linux,uefi-system-table = <0 1>; };", "chosen { " + UEFI + " };"),
    "uefi-missing": ("chosen { linux,uefi-system-table = <0 1>; };", FULL),
    "uefi-half": ("chosen { };", "chosen { linux,uefi-system-table = <0 1>; };"),
    "uefi-two-cells": ("chosen { linux,uefi-mmap-size = <0 0x630>; };", "chosen { " + UEFI + " };"),
    "chosen-at-0": ("chosen@0 { };", "chosen { " + UEFI + " };"),
    "half-an-initrd": ("", "chosen { linux,initrd-start = <0 0x48000000>; };"),
    "reservation-of-tree": ("/memreserve/ 0x50000000 0x1000;", FULL),
    "region-without-memory": (REGIONS % "secure@70000000 { reg = <0 0x70000000 0 0>; no-map; };", FULL),
    "region-under-another-name": (REGIONS % "a@70000000 { reg = <0 0x70000000 0 0x100000>; no-map; };", FULL),
    "region-malformed": (REGIONS % "a { reg = <1>; };", FULL),
    "region-cells": ("reserved-memory { #address-cells = <1>; #size-cells = <1>; ranges; };", FULL),
    "other-board": ('compatible = "example,other";', FULL),
    "cells-3": ("", "#address-cells = <3>;"),
} | {"region-" + name: (REGIONS % board, REGIONS % machine) for name, (board, machine) in {
    "other-size": ("a@80000000 { reg = <0 0x80000000 0 0x1000>; };", "a@80000000 { reg = <0 0x80000000 0 0x2000>; };"),
    "no-map": ("a@80000000 { reg = <0 0x80000000 0 0x1000>; };",
               "a@80000000 { reg = <0 0x80000000 0 0x1000>; no-map; };"),
    "disabled": ('a@80000000 { reg = <0 0x80000000 0 0x1000>; status = "disabled"; };',
                 "a@80000000 { reg = <0 0x80000000 0 0x1000>; };"),
    "pool": ("pool { size = <0 0x400000>; };", "pool { size = <0 0x800000>; };"),
    "new-pool": ("", "pool { size = <0 0x800000>; alignment = <0 0x1000>; reusable; };"),
    "overlap": ("a@80000000 { reg = <0 0x80000000 0 0x3000>; };", "b@80002000 { reg = <0 0x80002000 0 0x2000>; };"),
    "two-cma": ("a { size = <0 0x1000>; linux,cma-default; reusable; };",
                "b { size = <0 0x2000>; linux,cma-default; reusable; };"),
    "many": ("", "".join("r%x { reg = <0 0x%x 0 0x1000>; };" % (at, at) for at in range(0x8000_0000, 0x8001_0000,
                                                                                        0x1000))),
}.items()}


def make_merges(folder):
    """Boards as NAME.dtb, and a machine of each in NAME/."""
    for name, (board, machine) in MERGES.items():
        (folder / name / "sys/firmware").mkdir(parents=True)
        (folder / name / "proc").mkdir()
        (folder / name / "proc/cmdline").write_text("console=ttyS0 root=/dev/ram0\n")
        compile_tree(small_tree(board), folder / f"{name}.dtb", "-f")
        reserved = "/memreserve/ 0x48000000 0x1f9bb8; /memreserve/ 0x7ff00000 0x8000;" if machine == FULL else ""
        compile_tree(small_tree(reserved + machine), folder / name / "sys/firmware/fdt", "-f")


def small_tree(body):
    """Properties of `body` replace those of the root; reservations of it come first."""
    reservations = "".join(re.findall(r"/memreserve/[^;]*;", body))
    body = re.sub(r"/memreserve/[^;]*;", "", body)
    root = {"#address-cells": "<2>", "#size-cells": "<2>", "compatible": '"example,board"', "model": '"Board"'}
    for name in root:
        if found := re.match(rf"{name} = ([^;]*);", body):
            root[name], body = found[1], body[found.end():]
    return f"""/dts-v1/; {reservations} / {{ {"".join(f"{name} = {value};" for name, value in root.items())} {body}
        cpus {{ #address-cells = <1>; #size-cells = <0>; cpu@0 {{
          device_type = "cpu"; reg = <0>; compatible = "arm,cortex-a57"; }}; }}; soc {{ }}; }};"""


def make_files(folder):
    folder.mkdir()
    tree = (PACKAGE / "dts/board.dts").read_text()
    compile_tree(tree, folder / "whole.dtb")
    for name, data in {
        "initrd": b"\x1f\x8b" + bytes(50_000), "one": b"12345", "two": b"67", "log": b"some bytes\n" * 100,
        "empty": b"", "text": b"no tree\n", "zeros": bytes(5000), "x.tar": bytes(1024),
    }.items():
        (folder / name).write_bytes(data)
