# SPDX-License-Identifier: Apache-2.0
"""What goes wrong: machines that do not tell all, trees, headers and plans with planted mistakes, malformed files,
options that are refused. Each has one mistake."""
import shlex
import shutil
import struct
import subprocess

from cases import KERNELS, SEEDS, check
from recorder import label, named


def chapters(recorder, machines):
    """Functions without arguments, which do not need each other."""
    machines = {machine.name: machine for machine in machines}
    for name in ("arm64-virt-6.12-kf", "riscv64-virt-7.2-kf", "pseries-7.2-kf", "x86_64-q35-6g-high-6.1",
                 "loongarch64-made-up"):
        machine = machines[name]
        yield lambda machine=machine: damaged_machines(recorder, machine)
        yield lambda machine=machine: damaged_headers(recorder, machine)
        if machine.architecture != "x86_64":
            yield lambda machine=machine: damaged_plans(recorder, machine)
        if machine.has_tree:
            yield lambda machine=machine: damaged_trees(recorder, machine)
    for chapter in (malformed_trees, malformed_archives, wrong_options, wrong_usage, wrong_outputs):
        yield lambda chapter=chapter: chapter(recorder)


# ---- Machines ----

# Scripts that run in the machine's folder.
DAMAGES = {
    "nothing": "true", "all": "rm -r *",
    "no-iomem": "rm proc/iomem",
    "hidden-iomem": "sed -i -E 's/[0-9a-f]+-[0-9a-f]+ :/00000000-00000000 :/' proc/iomem",
    "iomem-empty": ": >proc/iomem", "iomem-junk": "echo junk >>proc/iomem",
    "iomem-half-a-line": "echo '1000 : System RAM' >>proc/iomem",
    "iomem-no-ram": "sed -i '/System RAM/d' proc/iomem",
    "iomem-no-crash-kernel": "sed -i '/Crash kernel/d' proc/iomem",
    "iomem-hidden-crash-kernel": "sed -i 's/[0-9a-f]*-[0-9a-f]* : Crash/00000000-00000000 : Crash/' proc/iomem",
    "iomem-no-kernel": "sed -i '/Kernel/d' proc/iomem",
    "iomem-overlap": "echo '50000000-5fffffff : System RAM' >>proc/iomem",
    "iomem-more-ram": "echo '2000000000-20000fffff : System RAM' >>proc/iomem",
    "iomem-tiny": "sed -i -E '/System RAM/!d; s/-[0-9a-f]+ :/-ffffffff :/' proc/iomem; "
                  "head -1 proc/iomem >i; mv i proc/iomem",
    "iomem-is-folder": "rm proc/iomem; mkdir proc/iomem", "iomem-is-pipe": "rm proc/iomem; mkfifo proc/iomem",
    "iomem-escapes": r"printf '2000000000-20000fffff : System RAM (\033[31m)\n' >>proc/iomem",
    "iomem-many": "for i in $(seq 40); do printf '%x-%x : System RAM\\n' $((0x2000000000 + i * 8192)) "
                  "$((0x2000000000 + i * 8192 + 4095)); done >>proc/iomem",
    "no-kcore": "rm -f proc/kcore", "kcore-junk": "echo junk >proc/kcore", "kcore-empty": ": >proc/kcore",
    "kcore-short": "head -c 100 proc/kcore >k; mv k proc/kcore",
    "kcore-no-notes": r"printf '\0' | dd of=proc/kcore bs=1 seek=64 conv=notrunc status=none",
    "kcore-other-machine": r"printf '\x08\0' | dd of=proc/kcore bs=1 seek=18 conv=notrunc status=none",
    "no-vmcoreinfo": "rm sys/kernel/vmcoreinfo", "vmcoreinfo-text": "echo 0x1000 1g >sys/kernel/vmcoreinfo",
    "vmcoreinfo-half": "echo 0x1000 >sys/kernel/vmcoreinfo",
    "vmcoreinfo-no-0x": "echo 1000 1024 >sys/kernel/vmcoreinfo",
    "vmcoreinfo-end": "echo 0xffffffffffffffff 1024 >sys/kernel/vmcoreinfo",
    "vmcoreinfo-no-memory": "echo '0xffffff0000000000 1024' >sys/kernel/vmcoreinfo",
    "no-cpus": "rm -r sys/devices/system/cpu", "no-crash-notes": "rm sys/devices/system/cpu/cpu*/crash_notes",
    "no-crash-notes-size": "rm sys/devices/system/cpu/cpu0/crash_notes_size",
    "crash-notes-size-0": "echo 0 >sys/devices/system/cpu/cpu0/crash_notes_size",
    "crash-notes-size-hexadecimal": "echo 0x1a8 >sys/devices/system/cpu/cpu0/crash_notes_size",
    "crash-notes-0x": "echo 0x1000 >sys/devices/system/cpu/cpu0/crash_notes",
    "crash-notes-empty": "echo >sys/devices/system/cpu/cpu0/crash_notes",
    "crash-notes-no-memory": "echo ffff000000 >sys/devices/system/cpu/cpu0/crash_notes",
    "crash-notes-twice": "cd sys/devices/system/cpu; mkdir -p cpu1; cp cpu0/crash* cpu1",
    "crash-notes-of-more-cpus": "cd sys/devices/system/cpu; mkdir cpu10 cpu9 cpufreq; cp cpu0/crash* cpu10; "
                                "echo 40008000 >cpu10/crash_notes",
    "crash-notes-in-crash-kernel": "grep -o '[0-9a-f]*-[0-9a-f]* : Crash' proc/iomem | tail -1 | cut -d- -f1 "
                                   ">sys/devices/system/cpu/cpu0/crash_notes",
    "no-fdt": "rm sys/firmware/fdt", "fdt-junk": "echo junk >sys/firmware/fdt", "fdt-empty": ": >sys/firmware/fdt",
    "fdt-short": "head -c 2000 sys/firmware/fdt >f; mv f sys/firmware/fdt",
    "fdt-is-folder": "rm sys/firmware/fdt; mkdir sys/firmware/fdt",
    "no-live-tree": "rm -r proc/device-tree", "no-trees": "rm -r proc/device-tree sys/firmware/fdt",
    "live-tree-elsewhere": "mkdir -p sys/firmware/devicetree; mv proc/device-tree sys/firmware/devicetree/base",
    "live-tree-linked-out": "rm -r proc/device-tree; ln -s / proc/device-tree",
    "live-tree-empty": "rm -r proc/device-tree/*", "live-tree-no-cpus": "rm -r proc/device-tree/cpus",
    "live-tree-no-chosen": "rm -r proc/device-tree/chosen",
    "live-tree-no-crash-size": "rm proc/device-tree/chosen/linux,crashkernel-size",
    "live-tree-no-rtas": "rm proc/device-tree/rtas/linux,rtas-base",
    "live-tree-short-cells": r"printf '\0\2' >'proc/device-tree/#address-cells'",
    "no-cmdline": "rm proc/cmdline", "cmdline-empty": ": >proc/cmdline",
    "cmdline-long": "head -c 5000 /dev/zero | tr '\\0' a >proc/cmdline",
    "cmdline-elfcorehdr": "echo 'elfcorehdr=0x1000 a=\"b  c\"  quiet' >proc/cmdline",
    "cmdline-crashkernel": "echo 'crashkernel=1G,high quiet crashkernel=64M,low mem=1G kexec_file initrd=1,2' "
                           ">proc/cmdline",
    "cmdline-nul": r"printf 'a\0b\n' >proc/cmdline", "cmdline-not-utf-8": r"printf 'a\377b\n' >proc/cmdline",
    "cmdline-two-lines": r"printf 'a\nb\n' >proc/cmdline",
    "no-memory-map": "rm -r sys/firmware/memmap", "memory-map-junk": "echo junk >sys/firmware/memmap/0/start",
    "no-page-size": "rm -f pagesize proc/kcore",
    "capture": r"printf 'dtfix-capture 1\ndtfix 0.1.0\narch aarch64\npage-size 4096\n' >capture",
    "capture-malformed": r"printf 'dtfix-capture 1\ndtfix 1\npage-size 5\n' >capture",
    "capture-of-later": r"printf 'dtfix-capture 2\n' >capture", "capture-junk": "echo junk >capture",
    "measured": "cd sys/kernel; mkdir -p security/ima; cp ../../../../measurements/lists/x86_64-ima-ngv2.list "
                "security/ima/binary_runtime_measurements",
    "measured-junk": "cd sys/kernel; mkdir -p security/ima; echo junk >security/ima/binary_runtime_measurements",
    "measured-without-end": "cd sys/kernel; mkdir -p security/ima; head -c 700 "
                            "../../../../measurements/lists/x86_64-ima-ngv2.list "
                            ">security/ima/binary_runtime_measurements",
    "locked-down": "cd sys/kernel; mkdir -p security; echo 'none [integrity] confidentiality' >security/lockdown",
    "status": "mkdir -p proc/sys/kernel; echo 1 >sys/kernel/kexec_loaded; echo 0 >sys/kernel/kexec_crash_loaded; "
              "echo 268435456 >sys/kernel/kexec_crash_size; echo 1 >proc/sys/kernel/kexec_load_disabled; "
              "echo -1 >proc/sys/kernel/kexec_load_limit_reboot; echo 2 >proc/sys/kernel/kexec_load_limit_panic",
    "reserved-for-cma": "mkdir -p sys/kernel/kexec; echo '50000000-51ffffff' >sys/kernel/kexec/crash_cma_ranges",
}


def commands_for(damage):
    """Those that look at what is damaged."""
    if any(word in damage for word in ("vmcoreinfo", "crash-notes")):
        return ["elfcorehdr", "plan-crash", "check"]
    if "cmdline" in damage:
        return ["fix-kexec", "fix-crash", "plan-kexec", "plan-crash"]
    if any(word in damage for word in ("fdt", "tree")):
        return ["fix-kexec", "fix-live", "plan-kexec", "plan-crash", "show", "map", "capture"]
    return ["fix-kexec", "fix-crash", "elfcorehdr", "plan-kexec", "plan-crash", "check", "map", "capture"]


COPY = """
mkdir "$2"
cd "$1"
cp -r --parents !(oracle|proc|proc-device-tree.tar) proc/!(device-tree) "$2"
[ ! -d proc/device-tree ] || cp -r $3 proc/device-tree "$2/proc"
"""


def copy(machine, place, script):
    """A machine without what nothing reads; the many files of its live tree are links if the script leaves them."""
    place.parent.mkdir(exist_ok=True)
    link = "-p" if "device-tree" in script else "-l"
    subprocess.run(["bash", "-O", "extglob", "-ec", COPY, "bash", machine, place, link], check=True)


def damaged_machines(recorder, machine):
    """Everything, of machines with something missing or malformed. What cannot be damaged so is left out."""
    kernel = f"kernels/{KERNELS[machine.architecture][0]}"
    header = f"machines/{machine.name}/oracle/kernel-elfcorehdr.bin"
    backup = ["--backup-at", f"{machine.crash + 0x8d_0000:#x}"] if machine.architecture == "ppc64" else []
    for damage, script in DAMAGES.items():
        root = f"damaged/{machine.name}-{damage}"
        copy(recorder.place / machine.root, recorder.place / root, script)
        result = subprocess.run(["bash", "-ec", script], cwd=recorder.place / root, capture_output=True)
        if result.returncode != 0:
            continue
        folder = f"damaged/{machine.name}/{damage}"
        commands = {
            "fix-kexec": ["fix", "--for-kexec", "--initrd-at", machine.at(0, 0x1000), *SEEDS, "--explain", "-o",
                          "OUT.dtb"],
            "fix-crash": ["fix", "--for-crash", "--elfcorehdr-at", machine.crash_at(-0x2_0000, 0x1000), *backup, *SEEDS,
                          "--explain", "-o", "OUT.dtb"],
            "fix-live": ["fix", "--for-kexec", "--from", "live", *SEEDS, "--explain", "-o", "OUT.dtb"],
            "elfcorehdr": ["elfcorehdr", *backup, "--explain", "-o", "OUT.hdr"],
            "plan-kexec": ["plan", "--for-kexec", "--kernel", kernel, *SEEDS, "--explain", "-o", "OUT.plan"],
            "plan-crash": ["plan", "--for-crash", "--kernel", kernel, *SEEDS, "--explain", "-o", "OUT.plan"],
            "check": ["check", header if recorder.exists(header) else "trees/board.dtb"], "map": ["map"],
            "show": ["show"], "capture": ["capture", "-o", "/dev/null"],
        }
        for name in commands_for(damage):
            if machine.architecture == "arm64" or name in ("elfcorehdr", "plan-crash", "fix-live"):
                recorder.run(f"{folder}/{name}", "dtfix", *commands[name], "--root", root)
        if machine.architecture == "arm64" and "capture" in commands_for(damage):
            recorder.run(f"{folder}/load", "kexec-loader", "load", "--dry-run", "--kernel", kernel, "--root", root)
        if damage in ("locked-down", "status", "capture", "all"):
            recorder.run(f"{folder}/status", "kexec-loader", "status", "--root", root)
            recorder.run(f"{folder}/load-overlay", "kexec-loader", "load", "--dry-run", "--kernel", kernel, "--overlay",
                         "trees/root.dtbo", "--root", root)
        if "measured" in damage:
            recorder.run(f"{folder}/plan-ima", "dtfix", "plan", "--for-kexec", "--kernel", kernel, *SEEDS, "--ima",
                         "--explain", "-o", "OUT.plan", "--root", root)
            recorder.run(f"{folder}/capture-measurements", "dtfix", "capture", "--measurements", "-o", "OUT.tar",
                         "--root", root)
            recorder.run(f"{folder}/load-ima", "kexec-loader", "load", "--dry-run", "--kernel", kernel, "--ima",
                         "--root", root)
        subprocess.run(["rm", "-rf", recorder.place / root], check=True)


# ---- Trees ----

# Words of fdtput; the blob's name comes behind the first ones, which begin with a hyphen.
TREE_EDITS = [
    "-d /chosen linux,elfcorehdr", "-tx /chosen linux,elfcorehdr 0 1", "-tx /chosen linux,elfcorehdr 0 40000000 0 1000",
    "-tx /chosen linux,elfcorehdr 0 0 0 0", "-tx /chosen linux,elfcorehdr 0 1 0 1 0 2 0 1",
    "-d /chosen linux,usable-memory-range", "-tx /chosen linux,usable-memory-range 0 1 0",
    "-tx /chosen linux,usable-memory-range 0 40000000 0 10000000", "-tx /chosen linux,usable-memory-range 0 0 0 0",
    "-tx /chosen linux,usable-memory-range 0 40000000 0 1000000 0 50000000 0 1000000 0 60000000 0 1000000",
    "-tx /chosen linux,usable-memory-range ffffffff ffffffff 0 2",
    "-d /chosen bootargs", "-tx /chosen bootargs", "-tbx /chosen bootargs 61 62", "-tbx /chosen bootargs 61 0 62 0",
    "-tbx /chosen bootargs ff 1b 5b 0", "-ts /chosen bootargs elfcorehdr=0x1000", "-ts /chosen bootargs " + "a" * 2047,
    "-ts /chosen bootargs " + "a" * 2048, "-ts /chosen bootargs " + "a" * 5000,
    "-d /chosen kaslr-seed", "-tx /chosen kaslr-seed 0 0", "-tx /chosen kaslr-seed 1", "-d /chosen rng-seed",
    "-tx /chosen rng-seed", "-d /chosen linux,booted-from-kexec",
    "-tx /chosen linux,initrd-end 1", "-d /chosen linux,initrd-start", "-d /chosen linux,initrd-end",
    "-tx /chosen linux,initrd-start 0", "-tx /chosen linux,initrd-start 0 0 0",
    "-tx /chosen linux,initrd-end 0 f0000000", "-tx /chosen linux,initrd-end ffffffff ffffffff",
    "-tbx /chosen linux,initrd-end 1 2 3", "-tx /chosen linux,ima-kexec-buffer 0 1 0 1",
    "-tx /chosen linux,ima-kexec-buffer 0 40000000", "-tx /chosen linux,dmcryptkeys 1 2",
    "-tx /chosen linux,dmcryptkeys 0 1 0 2", "-tx /chosen linux,kho-fdt 0 1 0 1",
    "-tx /chosen linux,kho-scratch 0 1 0 30", "-tx /chosen linux,kexec-handover-buffer-start 0 1",
    "-tx /chosen linux,kexec-handover-buffer-end 0 1", "-tx /chosen linux,uefi-system-table 0 1",
    "-tx /chosen linux,uefi-mmap-size 1 2 3", "-ts /chosen stdout-path /nowhere", "-ts /chosen ibm,plpks-pw secret",
    "-c /chosen@1", "-r /chosen", "-r /cpus", "-r /memory@40000000", "-r /memory@80000000", "-r /memory@0", "-r /rtas",
    "-tx / #address-cells 3", "-tx / #size-cells 0", "-tx / #address-cells 1", "-tx / #size-cells 1",
    "-d / #address-cells", "-d / #size-cells", "-tbx / #address-cells 2", "-ts /memory@40000000 device_type other",
    "-tx /memory@40000000 reg 0 40000000 0", "-tx /memory@40000000 reg 0 0 0 0",
    "-tx /memory@40000000 reg ffffffff fffff000 0 2000", "-ts /memory@40000000 status disabled",
    "-tx /memory@80000000 reg 0 80000000 0 1000", "-tx /memory@0 reg 0 0 0 1000",
    "-tx /memory@40000000 linux,usable-memory 0 40000000 0 1000", "-tx /memory@0 linux,usable-memory 0 0 0 10000",
    "-tx /memory@0 linux,usable-memory 0 0", "-d /memory@0 linux,usable-memory",
    "-d /memory@20000000 linux,usable-memory", "-d /rtas linux,rtas-base", "-tx /rtas linux,rtas-base 0 0",
    "-tx /rtas rtas-size", "-tx /rtas rtas-size ffffffff", "-c /ibm,dynamic-reconfiguration-memory", "-c /ibm,opal",
    "-c /reserved-memory", "-p -tx /reserved-memory/a reg 0 50000000 0 1000", "-c /extra-node", "-tx / acme,extra 1",
]
# Expressions of sed on the tree's source, for what fdtput cannot do.
SOURCE_EDITS = {
    "no-reservations": "/memreserve/d",
    "reservation-wraps": "s,^/dts-v1/;,&\\n/memreserve/ 0xfffffffffffff000 0x2000;,",
    "reservation-of-nothing": "s,^/dts-v1/;,&\\n/memreserve/ 0x50000000 0;,",
    "reservation-over-all": "s,^/dts-v1/;,&\\n/memreserve/ 0x0 0xffffffffffff;,",
    "reservation-unaligned": "s,^/dts-v1/;,&\\n/memreserve/ 0x50000123 0x45;,",
    "two-bootargs": "s,^\\tchosen {,&\\nbootargs = \"one\"; bootargs = \"two\";,",
    "two-initrd-starts": "s,^\\tchosen {,&\\nlinux\\,initrd-start = <0 1>; linux\\,initrd-start = <0 2>;,",
    "two-chosens": "$s,};,chosen { }; &,", "uefi": "s,^\\tchosen {,&\\nlinux\\,uefi-system-table = <0 1>; "
    "linux\\,uefi-mmap-start = <0 1>; linux\\,uefi-mmap-size = <1>; linux\\,uefi-mmap-desc-size = <1>; "
    "linux\\,uefi-mmap-desc-ver = <1>; linux\\,uefi-secure-boot = <2>;,",
}


def damaged_trees(recorder, machine):
    """The check of trees, each with one mistake, and what dtfix makes of them."""
    backup = ["--backup-at", f"{machine.crash + 0x8d_0000:#x}"] if machine.architecture == "ppc64" else []
    initrds = {"kexec": machine.at(0, 0x12_3456), "crash": machine.crash_at(0x100_0000, 0x12_3456)}
    for job, initrd in initrds.items():
        header = ["--elfcorehdr-at", machine.crash_at(-0x2_0000, 0x1000), *backup] if job == "crash" else []
        folder = f"mistakes/tree-{machine.architecture}-{job}"
        good = recorder.run(f"{folder}/good", "dtfix", f"--for-{job}", "--root", machine.root, "--initrd-at", initrd,
                            *header, *SEEDS, "-o", "OUT.dtb") + ".dtb"
        files = edited_trees(recorder.place, good, f"planted/{machine.architecture}-{job}")
        check(recorder, f"{folder}/check", machine, [f"--for-{job}", *files])
        recorder.run(f"{folder}/check-no-purpose", "dtfix", "check", *files)
        other = "kexec" if job == "crash" else "crash"
        recorder.run(f"{folder}/check-other-purpose", "dtfix", "check", f"--for-{other}", *files)
        for path in files if job == "kexec" else []:
            recorder.run(f"{folder}/fix-{label(path)}", "dtfix", "--for-kexec", "-i", path, *SEEDS, "--explain", "-o",
                         "OUT.dtb")


def edited_trees(place, good, folder):
    """Copies of a tree with one mistake each; those that it cannot have are left out."""
    (place / folder).mkdir(parents=True)
    paths = []
    for name, line in named(TREE_EDITS).items():
        path = f"{folder}/{name}.dtb"
        shutil.copy(place / good, place / path)
        words = shlex.split(line)
        count = next(index for index, word in enumerate(words) if not word.startswith("-"))
        result = subprocess.run(["fdtput", *words[:count], path, *words[count:]], cwd=place, capture_output=True)
        if result.returncode == 0:
            paths.append(path)
    source = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", good], cwd=place, capture_output=True,
                            check=True).stdout
    for name, expression in SOURCE_EDITS.items():
        path = f"{folder}/{name}.dtb"
        edited = subprocess.run(["sed", expression], input=source, capture_output=True, check=True).stdout
        subprocess.run(["dtc", "-q", "-f", "-O", "dtb", "-o", path], input=edited, cwd=place, capture_output=True)
        if (place / path).exists():
            paths.append(path)
    return paths


def malformed_trees(recorder):
    """A tree that is cut short, and one with each byte of its header changed, read by everything that reads trees."""
    good = (recorder.place / "trees/board.dtb").read_bytes()
    folder = recorder.place / "planted/blobs"
    folder.mkdir(parents=True)
    for size in [*range(0, 64, 4), 100, 200, 500, 1000, len(good) - 100, len(good) - 1]:
        (folder / f"cut-{size:04}.dtb").write_bytes(good[:size])
    for offset in range(40):
        (folder / f"flip-{offset:02}.dtb").write_bytes(good[:offset] + bytes([good[offset] ^ 0xff]) + good[offset + 1:])
    for offset in range(56, len(good), 61):
        (folder / f"flip-{offset:04}.dtb").write_bytes(good[:offset] + bytes([good[offset] ^ 0xff]) + good[offset + 1:])
    paths = recorder.paths("planted/blobs/*")
    trees = [path for path in paths if (recorder.place / path).read_bytes()[:4] == b"\xd0\x0d\xfe\xed"]
    recorder.run("malformed/trees/check", "dtfix", "check", *trees)
    recorder.run("malformed/trees/check-json", "dtfix", "check", "--json", "--for-kexec", *trees)
    for path in paths:
        recorder.run(f"malformed/trees/{label(path)}-show", "dtfix", "show", path)
    for path in paths[::8]:
        name = label(path)
        recorder.run(f"malformed/trees/{name}-fix", "dtfix", "--for-kexec", "-i", path, *SEEDS, "-o", "OUT.dtb")
        recorder.run(f"malformed/trees/{name}-check", "dtfix", "check", path)
        recorder.run(f"malformed/trees/{name}-diff", "dtfix", "diff", "trees/board.dtb", path)
        recorder.run(f"malformed/trees/{name}-overlay", "dtfix", "--for-kexec", "-i", "trees/board.dtb", *SEEDS,
                     "--overlay", path, "-o", "OUT.dtb")


def malformed_archives(recorder):
    """Archives of live trees."""
    good = (recorder.place / "machines/riscv64-virt-6.12/proc-device-tree.tar").read_bytes()
    folder = recorder.place / "planted/archives"
    folder.mkdir(parents=True)
    for size in (100, 512, 1000, 1024, len(good) // 2, len(good) - 1024, len(good) - 10_240):
        (folder / f"cut-{size}.tar").write_bytes(good[:size])
    for offset in range(0, 512, 16):
        (folder / f"flip-{offset}.tar").write_bytes(good[:offset] + bytes([good[offset] ^ 0xff]) + good[offset + 1:])
    for path in recorder.paths("planted/archives/*"):
        recorder.run(f"malformed/archives/{label(path)}", "dtfix", "show", path)


# ---- Core headers ----


def damaged_headers(recorder, machine):
    """Core headers with each byte changed, cut short, or with a field that means something else."""
    backup = ["--backup-at", f"{machine.crash + 0x8d_0000:#x}"] if machine.architecture == "ppc64" else []
    folder = f"mistakes/header-{machine.architecture}"
    path = recorder.run(f"{folder}/good", "dtfix", "elfcorehdr", "--root", machine.root, *backup, "-o",
                        "OUT.hdr") + ".hdr"
    good = (recorder.place / path).read_bytes()
    place = recorder.place / f"planted/header-{machine.architecture}"
    place.mkdir(parents=True)
    count = struct.unpack_from(">H" if good[5] == 2 else "<H", good, 56)[0]
    table = range(64, 64 + 56 * count, 56)
    for offset in range(64 + 56 * count):
        for mask in (0xff, 0x01) if offset < 64 else (0xff,):
            data = good[:offset] + bytes([good[offset] ^ mask]) + good[offset + 1:]
            (place / f"flip-{offset:04}-{mask:02x}").write_bytes(data)
    for size in (63, 64, 100, 64 + 56 * count - 1, 64 + 56 * count, len(good) - 1):
        (place / f"cut-{size}").write_bytes(good[:size])
    entries = [good[start:start + 56] for start in table]
    for index, entry in enumerate(entries):
        changed = {f"without-{index}": entries[:index] + [bytes(56)] + entries[index + 1:],
                   f"twice-{index}": entries[:-1] + [entry],
                   f"swapped-{index}": entries[1:index + 1] + [entries[0]] + entries[index + 1:]}
        for name, list_ in changed.items():
            data = good[:64] + b"".join(list_)
            (place / name).write_bytes(data + good[len(data):])
    files = recorder.paths(f"planted/{place.name}/*")
    files = [file for file in files if (recorder.place / file).read_bytes()[:4] == b"\x7fELF"]
    recorder.run(f"{folder}/check", "dtfix", "check", *files)
    recorder.run(f"{folder}/check-on-machine", "dtfix", "check", "--root", machine.root, *files)
    recorder.run(f"{folder}/check-on-machine-json", "dtfix", "check", "--json", "--root", machine.root, *files)
    for file in files[::41]:
        name = f"{folder}/{label(file)}"
        recorder.run(f"{name}-shown", "dtfix", "show", file)
        recorder.run(f"{name}-planned", "dtfix", "plan", "--for-crash", "--root", machine.root, "--kernel",
                     f"kernels/{KERNELS[machine.architecture][0]}", "--elfcorehdr", file, *SEEDS)


# ---- Plans ----

# Scripts that run in the plan's folder.
FLIP = """flip() { python3 -c 'import sys; n, o = sys.argv[1], int(sys.argv[2], 0); d = bytearray(open(n, "rb").read())
d[o] ^= int(sys.argv[3], 0); open(n, "wb").write(d)' "$@"; }
tree() { fdtput "${@:1:1}" dtb.bin "${@:2}"; }
source() { dtc -q -I dtb -O dts dtb.bin | sed "$1" | dtc -q -O dtb -o d; mv d dtb.bin; }
move() { sed -i -E "s/^(segment $1) 0x[0-9a-f]+/\\1 $2/" manifest; grep -q "^segment $1 $2" manifest; }
size() { sed -i -E "s/^(segment $1 0x[0-9a-f]+) 0x[0-9a-f]+/\\1 $2/" manifest; grep -q "^segment $1 " manifest; }
drop() { grep -q "^segment $1 " manifest; sed -i "/^segment $1 /d" manifest; rm -f $1.bin; }
start() { sed -n "s/^segment $1 \\(0x[0-9a-f]*\\) .*/\\1/p" manifest; }
"""
# What makes it no plan, as far as dtfix is concerned.
FOLDER_DAMAGES = [
    "true", "rm manifest", "rm dtb.bin", "rm kernel.bin", "rm plan.json", "touch another", ": >manifest",
    "echo x >>manifest", "printf 'dtfix-plan 1\\n' >manifest", "sed -i s/dtfix-plan.1/dtfix-plan\\ 2/ manifest",
    "sed -i 's/kernel.bin/..\\/kernel.bin/' manifest", "sed -i 's/kernel.bin/nowhere.bin/' manifest",
    "rm kernel.bin; mkfifo kernel.bin", "rm kernel.bin; mkdir kernel.bin", "head -c 100000 /dev/zero >manifest",
    "sed -i /^arch/d manifest", "sed -i /^entry/d manifest", "sed -i 's/^type .*/type other/' manifest",
    "sed -i 's/^flags .*/flags x/' manifest", "sed -i 's/^entry .*/entry 4096/' manifest",
    "sed -i '/^segment/d' manifest", "sed -i '/^segment kernel/p' manifest",
    "sed -i 's/^segment kernel/segment  kernel/' manifest", "sed -i 's/^segment kernel /segment ker\\/nel /' manifest",
    "sed -i 's/^segment kernel .*/segment kernel 0x1000/' manifest", "tac manifest >m; mv m manifest",
    "sed -i 's/$/\\r/' manifest", "move kernel 0xffffffffffff0000", "size kernel 0x0",
    "for i in $(seq 20); do echo segment extra-$i 0x1000 0x1000 kernel.bin; done >>manifest",
]
# What is wrong in it.
PLAN_DAMAGES = [
    "sed -i 's/^arch .*/arch vax/' manifest", "sed -i 's/^arch .*/arch riscv64/' manifest",
    "sed -i 's/^arch .*/arch aarch64/' manifest", "sed -i 's/^arch .*/arch x86_64/' manifest",
    "sed -i 's/^type .*/type crash/' manifest", "sed -i 's/^type .*/type kexec/' manifest",
    "sed -i 's/^flags .*/flags 0x0/' manifest", "sed -i 's/^flags .*/flags 0x1/' manifest",
    "sed -i 's/^flags .*/flags 0xb70001/' manifest", "sed -i 's/^flags .*/flags 0x80000000/' manifest",
    "sed -i 's/^entry .*/entry 0x1000/' manifest", "sed -i 's/^entry .*/entry 0xffffffffffffffff/' manifest",
    "move kernel 0x9000000", "move kernel 0x1001000", "move kernel $(start initrd)",
    "move initrd 0x40000000", "move initrd $(start kernel)", "move initrd 0x1234", "move initrd 0x2000000000",
    "move dtb $(start kernel)", "move dtb 0x50000000", "move trampoline 0x50000000", "move backup 0x17000000",
    "move elfcorehdr 0x50000000", "move cmdline 0x50000000",
    "size kernel 0x1000", "size kernel 0x1234", "size kernel 0x7fffffff0000", "size initrd 0x1000",
    "size dtb 0x1000000", "size elfcorehdr 0x2000",
    "drop kernel", "drop initrd", "drop dtb", "drop trampoline", "drop elfcorehdr", "drop backup", "drop cmdline",
    "drop ima", "drop extra", ": >kernel.bin", "head -c 10 kernel.bin >k; mv k kernel.bin",
    "head -c 300000 /dev/zero >kernel.bin", "flip kernel.bin 56 1", "flip kernel.bin 0x60 1", "flip kernel.bin 8 1",
    "flip kernel.bin 18 0x10", "flip kernel.bin 24 1", "cp dtb.bin initrd.bin", "cp elfcorehdr.bin initrd.bin",
    "printf kexec_file >initrd.bin", "echo >>initrd.bin", ": >initrd.bin", "flip initrd.bin 0 0xff",
    "head -c 100 dtb.bin >d; mv d dtb.bin", "flip dtb.bin 0 1", "flip dtb.bin 60 0xff", "flip trampoline.bin 0 1",
    "flip trampoline.bin 24 1", "flip trampoline.bin 32 1", "flip trampoline.bin 0x5c 1", "flip trampoline.bin 0x60 1",
    "flip trampoline.bin 0x104 1", ": >trampoline.bin", "echo >>trampoline.bin", "flip elfcorehdr.bin 16 6",
    "flip elfcorehdr.bin 18 1", "flip elfcorehdr.bin 72 0xff", "flip elfcorehdr.bin 88 0xff", ": >elfcorehdr.bin",
    "flip ima.bin 0 1", "flip ima.bin 8 1", "head -c 100 ima.bin >i; mv i ima.bin", "flip extra.bin 0 1",
    "echo >>extra.bin", "tree -d /chosen linux,initrd-start", "tree -tx /chosen linux,initrd-start 0 1",
    "tree -tx /chosen linux,initrd-end 0 1", "tree -d /chosen linux,elfcorehdr",
    "tree -tx /chosen linux,elfcorehdr 0 1 0 1", "tree -d /chosen linux,usable-memory-range",
    "tree -tx /chosen linux,usable-memory-range 0 40000000 0 4000000", "tree -tx /chosen linux,usable-memory-range 0",
    "tree -ts /chosen bootargs 'elfcorehdr=0x1000 quiet'",
    "tree -ts /chosen bootargs $(head -c 3000 /dev/zero | tr '\\0' a)", "tree -d /chosen kaslr-seed",
    "tree -d /chosen rng-seed", "tree -d /chosen acme,log", "tree -tx /chosen acme,log 0 1 0 1",
    "tree -d /chosen linux,ima-kexec-buffer", "tree -tx /chosen linux,ima-kexec-buffer 0 1 0 1",
    "tree -tx /chosen linux,kho-fdt 0 1 0 1", "tree -tx /chosen linux,dmcryptkeys 0 1 0 1",
    "tree -tx /chosen linux,dmcryptkeys 0 1 0 1; fdtput -d dtb.bin /chosen rng-seed", "tree -tx / '#address-cells' 3",
    "tree -r /chosen", "tree -r /cpus", "tree -tx /memory@40000000 reg 0 40000000 0 100000",
    "tree -tx /memory@80000000 reg 0 80000000 0 100000", "tree -tx /memory@0 reg 0 0 0 100000",
    "tree -d /memory@0 linux,usable-memory", "tree -d /rtas linux,rtas-base",
    "tree -c /ibm,dynamic-reconfiguration-memory",
    "source /memreserve/d", "source \"s,^/dts-v1/;,&\\n/memreserve/ $(start kernel) 0x1000;,\"",
    "sed -i s/kexec_file/kexec/ cmdline.bin", "sed -i 's/^kexec_file / kexec_file /' cmdline.bin",
    "sed -i s/initrd=/initramfs=/ cmdline.bin", "sed -i s/,0x/,0x1/ cmdline.bin",
    "sed -i s/elfcorehdr=/header=/ cmdline.bin", "sed -i s/mem=/men=/ cmdline.bin",
    "sed -i s/quiet/mem=1G/ cmdline.bin", "sed -i s/quiet/mem=1G@0/ cmdline.bin",
    "head -c 100 cmdline.bin >c; mv c cmdline.bin", "tr '\\0' a <cmdline.bin >c; mv c cmdline.bin", ": >cmdline.bin",
]


def damaged_plans(recorder, machine):
    """Plans' folders that somebody edited, under check and at the loader."""
    kernel = f"kernels/{KERNELS[machine.architecture][0]}"
    for job, command in (("kexec", "load"), ("crash", "load-crash")):
        folder = f"mistakes/plan-{machine.architecture}-{job}"
        parts = ["--initrd", "files/initrd"]
        if machine.has_tree:
            parts += ["--extra", "acme,log=files/log"]
        if machine.has_tree and job == "kexec":
            parts += ["--ima-list", "measurements/buffers/good.buffer"]
        good = recorder.run(f"{folder}/good", "dtfix", "plan", f"--for-{job}", "--root", machine.root, "--kernel",
                            kernel,
                            *SEEDS, *parts, "-o", "OUT.plan") + ".plan"
        if not recorder.exists(good):
            continue
        planted = f"planted/plan-{machine.architecture}-{job}"
        if machine.architecture == "arm64":
            for path in edited_plans(recorder.place, good, f"{planted}-folder", FOLDER_DAMAGES):
                recorder.run(f"{folder}/folder-{label(path)}", "dtfix", "check", "--root", machine.root, path)
                recorder.run(f"{folder}/folder-{label(path)}-shown", "dtfix", "show", path)
        paths = edited_plans(recorder.place, good, planted, PLAN_DAMAGES)
        check(recorder, f"{folder}/check", machine, paths)
        for path in paths[::6]:
            recorder.run(f"{folder}/{label(path)}-loaded", "kexec-loader", command, "--dry-run", "--root",
                         machine.root, "--plan", path)


def edited_plans(place, good, folder, scripts):
    """Copies of a plan with one mistake each; those that it cannot have are left out."""
    paths = []
    for name, script in named(scripts).items():
        path = f"{folder}/{name}"
        shutil.copytree(place / good, place / path)
        result = subprocess.run(["bash", "-ec", FLIP + script], cwd=place / path, capture_output=True)
        if result.returncode == 0:
            paths.append(path)
    return paths


# ---- Options ----

BAD_RANGES = ["0", "0x", "1+0", "1-0", "0+0", "-1+1", "1+-1", "0xffffffffffffffff+2", "1G", "1K@", "@1", "0x1g+1",
              "1+1T", "0x10000000000000000+1", "1 + 1", "１+1", ""]
MACHINE = "machines/arm64-virt-6.12-kf"


def wrong_options(recorder):
    """Values that are refused, or only just taken, on one machine and on one board."""
    fix = ["--for-kexec", *SEEDS, "-o", "OUT.dtb"]
    crash = ["--for-crash", *SEEDS, "-o", "OUT.dtb"]
    board, machine = ["-i", "trees/board.dtb"], ["--root", MACHINE]
    for option in ("--initrd-at", "--reserve", "--unreserve", "--ima-buffer-at", "--kho-fdt"):
        for number, text in enumerate(BAD_RANGES):
            recorder.run(f"options/ranges/{option[2:]}-{number}", "dtfix", *fix, *board, f"{option}={text}")
    recorder.each("options/ranges", "dtfix", [*fix, *board], [
        "--initrd-at 0x90000000+0x1234", "--initrd-at 0x90000000-0x90001233", "--initrd-at 0x1234@0x90000000",
        "--initrd-at 2415919104+4660", "--initrd-at 0X90000000+0x1234", "--reserve 64k@0x91000000",
        "--reserve 0x91000000+0x2M", "--reserve 1G@0x91000000"])
    recorder.each("options/board", "dtfix", [*fix, *board], [
        "--arch sparc", "--arch AArch64", "--arch 'arm64 '", "--arch x86_64", "--arch loongarch64", "--arch loong64",
        "--arch arm", "--arch armhf", "--arch riscv", "--arch ppc64", "--arch s390x", "--arch other", "--arch ''",
        "--page-size=0", "--page-size=4096", "--page-size=16384", "--page-size=8192", "--page-size=4K",
        "--page-size=-4096", "--page-size=0x1000", "--page-size=",
        "--kaslr-seed=0", "--kaslr-seed=0x0", "--kaslr-seed=1122", "--kaslr-seed=0x", "--kaslr-seed=0xzz",
        "--kaslr-seed=0x11223344556677889", "--kaslr-seed=RANDOM", "--kaslr-seed=0x+1",
        "--kaslr-seed=0xffffffffffffffff", "--rng-seed=", "--rng-seed=0", "--rng-seed=abc", "--rng-seed=zz",
        "--rng-seed=0x00", "--rng-seed='C0 FF ee'", "--rng-seed=c0,ff",
        "--set /chosen:test='<'", "--set /chosen:test='<1'", "--set /chosen:test='<0x100000000>'",
        "--set /chosen:test='<-1>'", "--set /chosen:test='<&label>'", "--set /chosen:test='[c]'",
        "--set /chosen:test='[zz]'", "--set '/chosen:test=\"a'", "--set '/chosen:test=\"a\" b'",
        "--set '/chosen:test=\"\\q\"'", "--set '/chosen:test=\"q\", \"r\"'", "--set /chosen:test='<1,2>'",
        "--set /chosen:test=", "--set /chosen:test='<>'", "--set /chosen", "--set ''", "--set /chosen:",
        "--set /chosen:=x", "--set test=x", "--set /nowhere:a=b", "--set nowhere:a=b", "--set serial0:t=x",
        "--set //cpus//cpu@0:t=x", "--set /cpus/cpu:t=x", "--set /chosen:bootargs=own",
        "--set /chosen:bootargs=own --append more", "--set /chosen:bootargs=own --command-line given",
        "--set '/chosen:kaslr-seed=<1 2>'", "--set /chosen:rng-seed=[01]", "--set '/chosen:linux,initrd-start=<1>'",
        "--set '/chosen:linux,ima-kexec-buffer=<1>'", "--set '/chosen:linux,kho-fdt=<1>'",
        "--set '/chosen:linux,dmcryptkeys=<1>'", "--set '/:#address-cells=<3>'", "--set '/:#size-cells=<0>'",
        "--set '/:#address-cells=[01]'", "--set '/chosen:a b=x'",
        "--set /chosen:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=x", "--delete /:model", "--delete /cpus",
        "--delete /cpus --arch arm64", "--delete /chosen", "--delete /nowhere", "--delete /chosen:nowhere",
        "--delete /", "--delete nowhere", "--delete /chosen:", "--overlay trees/uart.dtbo", "--overlay files/whole.dtb",
        "--overlay files/text", "--overlay files/empty", "--overlay nowhere", "--overlay trees",
        "--overlay trees/chosen.dtbo --command-line other", "--overlay trees/chosen.dtbo --append more",
        "--extra acme,log", "--extra =0x1000+1", "--extra acme,log=0x1000", "--extra bootargs=0x1000+1",
        "--extra 'a b=0x1000+1'", "--extra a=0x90000000+1 --extra a=0x91000000+1",
        "--extra a=0x90000000+1 --extra b=0x90000000+1", "--extra a=0+1", "--kho-fdt 0x90000000+0x1000",
        "--kho-scratch 0x90000000+0x30", "--kho-fdt 0x90000000+0x1000 --kho-scratch 0x90010000+0x31",
        "--kho-fdt 0x90000123+0x1000 --kho-scratch 0x90010000+0x30",
        "--kho-fdt 0x90000000+0x10 --kho-scratch 0x90010000+0x30", "--ima-buffer-at 0x90000800+0x1000",
        "--ima-buffer-at 0x90000000+0x123", "--ima-buffer-at 0+0x1000", "--dmcryptkeys-at 0x90000000+10",
        "--elfcorehdr-at 0x1000+1", "--usable-memory 0x1000+1", "--backup-at 0x1000", "--initrd-at 0+4096",
        "--initrd-at 0x90000000+0x1000 --reserve 0x90000800+0x1000",
        "--initrd-at 0x90000000+0x1000 --initrd-at 0x91000000+0x1000",
        "--reserve 0x90000000+1M --reserve 0x90080000+1M", "--unreserve 0xa200000+0xe5d3f7", "--unreserve 1+1",
        "--from live", "--from old", "--merge-dtb trees/board.dtb", "--command-line a --no-command-line",
        "--command-line a --reuse-cmdline", "--no-command-line --append a",
        f"--command-line {'a' * 2047}", f"--command-line {'a' * 2048}", f"--append {'a' * 2048}", "--command-line ''",
        "--append ''", "--command-line ' a  b '", "--json --explain", "--for-crash", "-x", "nonsense", "--nonsense",
    ])
    recorder.each("options/machine", "dtfix", [*fix, *machine], [
        "--initrd-at 0x9000000+0x1000", "--initrd-at 0x3ffff000+0x2000", "--initrd-at 0x9ffff000+0x1001",
        "--initrd-at 0x9ffff000+0x1000", "--initrd-at 0x40000000+0x60000000", "--initrd-at 0x1000-0x200000000",
        "--initrd-at 0x48000000+0x1000", "--reserve 0xa0000000+0x1000", "--extra acme,log=0x9000000+1",
        "--ima-buffer-at 0x9000000+0x1000", "--kho-fdt 0x9000000+0x1000 --kho-scratch 0x9010000+0x30",
        "--set /chosen:bootargs=own", "--set /chosen:bootargs=own --no-command-line", "--delete /chosen:bootargs",
        "-i trees/board.dtb", "-i trees/board.dtb --reuse-cmdline", "-i trees/qemu-riscv64-virt.dtb",
        "-i trees/acpi-stub.dtb", "-i trees/board.dtb --initrd-at 0x50000000+0x1000", "-i trees/board.dtb --from flat",
        "--arch riscv64", "--arch other", "--merge-dtb nowhere", "--merge-dtb files/text",
        "--merge-dtb trees/root.dtbo", "--merge-dtb trees/board.dtb",
        "--merge-dtb trees/qemu-arm64-virt.dtb --overlay trees/root.dtbo --append debug",
        "--unreserve 0x48000000+0x1f9bb8",
    ])
    recorder.each("options/reserved", "dtfix", [*fix, "-i", "trees/reserved-memory.dtb"], [
        f"--initrd-at {place}" for place in (
            "0x80008000+0x1000", "0x7ffff000+0x1001", "0xbfeff000+0x801", "0xbe001000+0x1000", "0xbdfff000+0x1001",
            "0xa0000000+4K", "0x80000000+0x10000", "0x80010000+0x1000", "0x7ffff000+0x1000", "0xa8000000+4K")])
    recorder.each("options/stale", "dtfix", [*fix, "-i", "trees/stale-handover.dtb", "--explain"], [
        "", "--page-size 65536", "--initrd-at 0x150aa0000+0x1f9bb8", "--reserve 0x40000000+0x1000",
        "--unreserve 0x40000000+0x80000", "--kho-fdt 0x120000000+0x1000 --kho-scratch 0x120010000+48",
        "--ima-buffer-at 0x16fa00000+0x10000 --extra acme,log=0x150000000+12345 --extra acme,b=1@0x160000000"])
    recorder.each("options/symbols", "dtfix", [*fix, "--explain", "-i"], [
        f"trees/{tree}.dtb {overlays}" for tree in ("with-symbols", "without-symbols") for overlays in (
            "--overlay trees/uart.dtbo", "--overlay trees/uart.dtbo --overlay trees/second.dtbo",
            "--overlay trees/second.dtbo",
            "--overlay trees/uart.dtbo --set /serial@1000:order=set --delete /serial@1000/child",
            "--set '/serial@1000/child:a=b' --overlay trees/uart.dtbo")])
    header = "--elfcorehdr-at 0x9d3f0000+0x1000"
    recorder.each("options/crash", "dtfix", [*crash, *machine], [
        "", f"{header}", f"{header} --for-kexec", "--elfcorehdr-at 0x9d3f0001+0x1000",
        "--elfcorehdr-at 0x9d3f0000+0x10", "--elfcorehdr-at 0x9d3f0000+0x10001", "--elfcorehdr-at 0x91400000+0xc000000",
        "--elfcorehdr-at 0x80000000+0x1000",
        f"{header} --initrd-at 0x80000000+0x1000", f"{header} --initrd-at 0x9d3ef000+0x2000",
        f"{header} --initrd-at 0x9d3ef000+0x1000", f"{header} --usable-memory 0x50000000+1M",
        f"{header} --backup-at 0x92000000",
        f"{header} --ima-buffer-at 0x92000000+0x1000", f"{header} --dmcryptkeys-at 0x80000000+10",
        f"{header} --dmcryptkeys-at 0x92000000+10 --rng-seed none", f"{header} --command-line elfcorehdr=0x1000",
        f"{header} --command-line '\"elfcorehdr=0x1000 x\"'", f"{header} --append elfcorehdr=1K@0x1000",
        f"{header} --extra acme,log=0x80000000+1",
        f"{header} --usable-memory 0x91400000-0x9d3fffff --usable-memory 64M@0x50000000",
        f"{header} --usable-memory 0x91400000+64M --usable-memory 64M@0x50000000 --usable-memory 64M@0x60000000",
        f"{header} -i trees/qemu-arm64-virt.dtb", f"{header} -i trees/qemu-arm64-virt.dtb --arch x86_64",
        f"{header} --merge-dtb trees/qemu-arm64-virt.dtb"])
    recorder.each("options/powerpc", "dtfix", [*crash, "--root", "machines/pseries-7.2-kf", "--elfcorehdr-at"], [
        "0x208e0000+0x1000", "0x208e0000+0x1000 --backup-at 0x1000000", "0x208e0000+0x1000 --backup-at 0x208e0000",
        "0x208e0000+0x1000 --backup-at 0x208d0000", "0x208e0000+0x1000 --backup-at 0x208d0000 --from flat",
        "0x208e0000+0x1000 --backup-at 0x2fff8000", "0x208e0000+0x1000 --backup-at x"])
    recorder.each("options/elfcorehdr", "dtfix", ["elfcorehdr", *machine, "--explain", "-o", "OUT.hdr"], [
        "--arch x86_64", "--arch sparc", "--arch arm64", "--backup-at 0x91400000", "--backup-at x", "--order up",
        "--style own", "--ram x", "--ram 0x40000000+0x10000000",
        "--ram 0x40000000+0x10000000 --ram 0x48000000+0x10000000", "--exclude 0x40000000+0x60000000",
        "--exclude 0x40000123+0x1000", "--cpu-notes 0x91400000+0x1a8",
        "--cpu-notes 0x40000000+0x1a8 --cpu-notes 0x40000000+0x1a8", "--cpu-notes 0xa8000000+0x1a8",
        "--cpu-notes 0x40000000+4", "--vmcoreinfo 0xa8000000+0x1024", "--vmcoreinfo 0x9ffbe000+0x1024",
        "--kernel-text x", "--kernel-text 1:2", "--kernel-text 0xffff800080200000:0x40200000+0x6a0000",
        "--kernel-text 0xffffffffffff0000:0x40200000+0x6a0000", "--kernel-text 0xffffa8cd91800000:0xa8000000+0x1000",
        "--linear-map x", "--linear-map 0xffff000000000000", "--linear-map 0", "--for-crash", "-i trees/board.dtb",
        "--json"])
    recorder.each("options/elfcorehdr-powerpc", "dtfix", ["elfcorehdr", "--root", "machines/pseries-7.2-kf"], [
        "", *(f"--backup-at {place}" for place in ("0x1000", "0xfffffffffffff000", "0x40000000", "0x2fff8000",
                                                   "0x208d0000"))])
    plan = ["plan", *machine, *SEEDS, "--kernel", "kernels/Image", "-o", "OUT.plan"]
    recorder.each("options/plan", "dtfix", plan, [
        "", "--for-kexec --for-crash", "--for-kexec --ram 0+1G", "--for-crash --backup-at 0x91400000",
        "--for-kexec --ima", "--for-kexec --ima --ima-list files/log", "--for-crash --ima-list files/log",
        "--for-crash --ima", "--for-kexec --ima-list nowhere", "--for-kexec --ima-list kernels/Image",
        "--for-kexec --elfcorehdr files/log", "--for-crash --elfcorehdr files/log", "--for-crash --elfcorehdr nowhere",
        "--for-kexec --extra acme,log", "--for-kexec --extra acme,log=", "--for-kexec --extra acme,log=nowhere",
        "--for-kexec --extra bootargs=files/log", "--for-kexec --extra a=files/log --extra a=files/one",
        "--for-kexec --extra a=trees/board.dtb", "--for-kexec --extra a=files/empty",
        "--for-crash --extra a=machines/arm64-virt-6.12-kf/oracle/kernel-elfcorehdr.bin",
        "--for-kexec --initrd nowhere", "--for-kexec --initrd files/empty", "--for-kexec --initrd trees/board.dtb",
        "--for-kexec --initrd trees", "--for-kexec --kernel kernels/riscv-Image", "--for-kexec --kernel nowhere",
        "--for-kexec --kernel kernels/text", "--for-kexec --kernel kernels/Image-huge",
        "--for-crash --kernel kernels/Image-huge", "--for-kexec --kernel kernels/bzImage", "--for-kexec --profile 1",
        "--for-kexec --profile x", "--for-kexec -i trees/board.dtb", "--for-kexec -i trees/qemu-arm64-virt.dtb",
        "--for-kexec -i trees/board.dtb --arch riscv64", "--for-kexec --arch x86_64", "--for-kexec --arch ppc64",
        "--for-kexec --reserve 0x40000000+0x60000000", "--for-kexec --reserve 0x40000000+0x5f000000",
        "--for-crash --reserve 0x91400000+0xbf00000", "--for-kexec --json",
        "--for-kexec --command-line a --no-command-line",
        f"--for-kexec --command-line {'a' * 2048}", "--for-crash --command-line elfcorehdr=1",
        "--for-kexec --set /nowhere:a=b", "--for-kexec --delete /cpus", "--for-kexec --set '/:#address-cells=<3>'",
        "--for-kexec --overlay files/text", "--for-crash --exclude 0x40000000+0x60000000", "--for-crash --linear-map 0",
        "--for-crash --kernel-text 0xffff800080200000:0x40200000+0x6a0000", "--for-crash --cpu-notes 0x91400000+0x1a8",
        "--for-crash --vmcoreinfo 0xa8000000+0x1024", "--for-kexec --page-size 65536", "--for-kexec --page-size 16384",
        "--for-kexec --merge-dtb trees/board.dtb", "--for-kexec --merge-dtb nowhere",
        "--for-crash -i trees/qemu-arm64-virt.dtb", "--for-kexec --from live", "--for-kexec --unreserve 1+1",
    ])
    recorder.each("options/plan-board", "dtfix", ["plan", *SEEDS, "--kernel", "kernels/Image", "-o", "OUT.plan"], [
        "--for-kexec -i trees/qemu-arm64-virt.dtb --command-line console=ttyAMA0 --explain",
        "--for-kexec -i trees/qemu-arm64-virt.dtb --initrd files/initrd --page-size 65536 --explain",
        "--for-kexec -i trees/qemu-riscv64-virt.dtb", "--for-kexec -i trees/qemu-ppc64-pseries.dtb",
        "--for-kexec -i trees/acpi-stub.dtb", "--for-kexec -i trees/acpi-stub.dtb --arch arm64",
        "--for-crash -i trees/qemu-arm64-virt.dtb",
        "--for-kexec -i trees/reserved-memory.dtb --initrd files/initrd --explain", "--for-kexec -i files/text",
        "--for-kexec -i trees/qemu-arm64-virt.dtb --kernel kernels/riscv-Image",
    ])
    loongarch = ["plan", "--for-kexec", "--root", "machines/loongarch64-made-up", "--kernel", "kernels/loongarch.efi",
                 *SEEDS]
    recorder.each("options/plan-loongarch", "dtfix", loongarch, [
        "--command-line initrd=1,2", "--set /a:b=c", "--reserve 1M@1G", "-i trees/board.dtb", "--arch arm64",
        "--from live", "--extra a=files/log", "--ima-list measurements/buffers/good.buffer",
        "--overlay trees/root.dtbo",
        f"--command-line {'a' * 4096}", "--append mem=1G", "--append kexec_file", "--no-command-line",
        "--page-size 4096"])


def wrong_usage(recorder):
    """Words that are not understood, and files that are missing or of another kind."""
    files = ["nowhere", "files/text", "files/empty", "files/zeros", "files/x.tar", "trees", "empty", "/dev/null",
             "/dev/zero", "kernels/bzImage", "kernels/text", "machines/arm64-virt-6.12-kf", "trees/root.dtbo",
             "measurements/buffers/version-2.buffer", "machines/arm64-virt-6.12-kf/proc/kcore", "trees/board.dtb/x"]
    for command in (["show"], ["show", "--json"], ["check"], ["image"], ["diff", "trees/board.dtb"], ["--for-kexec",
                                                                                                      "-i"],
                    ["map", "--plan"], ["map", "--root"], ["capture", "-o", "OUT.tar", "--root"], ["elfcorehdr",
                                                                                                   "--root"],
                    ["check", "trees/board.dtb", "--root"],
                    ["--for-kexec", "--kaslr-seed", "none", "--rng-seed", "none", "--root"], ["show", "--root"]):
        recorder.each(f"usage/files/{'-'.join(word for word in command if '/' not in word)}", "dtfix", command, files)
    recorder.each("usage/words", "dtfix", [], [
        "", "fix", "--for-crash", "nonsense", "--for-kexec --nonsense", "--for-kexec nonsense", "--for-kexec -x",
        "--for-kexec -o", "--for-kexec -i", "--for-kexec --root", "--for-kexec --for-kexec=yes", "show --for-kexec",
        "show a b", "show --root", "diff", "diff a", "--for-kexec --root ''", "show --root ''", "show --root / a",
        "diff a b c", "diff --root / a b", "show --nonsense", "check", "check - -", "check --nonsense x",
        "check --root '' x", "check --for-crash --for-kexec trees/board.dtb", "check --arch z80 trees/board.dtb",
        "check --exclude x trees/board.dtb",
        "check --for-crash machines/arm64-virt-6.12-kf/oracle/kernel-elfcorehdr.bin", "check trees/board.dtb nowhere",
        "image", "image x -o y", "image x --extract --json", "image x --profile one", "image x --layers --json",
        "map nonsense", "map --svg", "capture", "capture -o", "elfcorehdr nonsense", "plan", "plan --for-kexec",
        "plan --kernel kernels/Image", "show trees/board.dtb --from live", "show --secrets trees/stale-handover.dtb",
        "show --secrets --json trees/stale-handover.dtb", "--for-kexec -i trees/board.dtb --json -o -",
        "fix --for-kexec --for-kexec -i trees/board.dtb -o /dev/null",
    ])
    recorder.each("usage/loader", "kexec-loader", [], [
        "", "lead", "load", "load --kernel", "load --kernal x", "load --kernel x --plan y",
        "load --plan y --append quiet", "load --plan y --dtb x", "load --kernel x --extra y",
        "load --kernel x --dtb y --merge-dtb z", "load --plan y --ima", "load --plan y --overlay x",
        "load --plan y --call kexec_file_load", "load --initrd x", "load --kernel x --call reboot",
        "load --kernel x --root /", "unload --dry-run", "execute --root /", "status --kernel x",
        "status --root nowhere",
    ])


def wrong_outputs(recorder):
    """Places where nothing can be written."""
    shutil.copytree(recorder.place / MACHINE, recorder.place / "scratch/machine")
    shutil.copy(recorder.place / "kernels/Image", recorder.place / "scratch/Image")
    (recorder.place / "scratch/folder").mkdir()
    (recorder.place / "scratch/folder/file").write_bytes(b"mine")
    (recorder.place / "scratch/file").write_bytes(b"old")
    (recorder.place / "scratch/link-to-folder").symlink_to("folder")
    places = ["/dev/full", "nowhere/out", ".", "scratch/folder", "scratch/folder/", "scratch/link-to-folder",
              "scratch/file/out", "scratch/new/", "''", "scratch/machine/proc/iomem", "scratch/machine/proc/cmdline",
              "scratch/machine/proc/kcore", "scratch/machine/sys/firmware/fdt", "scratch/machine/sys/kernel/vmcoreinfo",
              "scratch/Image"]
    root = ["--root", "scratch/machine"]
    for name, words in {
        "fix": ["--for-kexec", *root, *SEEDS], "elfcorehdr": ["elfcorehdr", *root],
        "plan": ["plan", "--for-kexec", *root, "--kernel", "scratch/Image", *SEEDS],
        "image": ["image", "--extract", "scratch/Image"], "capture": ["capture", *root],
    }.items():
        lines = [place for place in places if name != "plan" or "machine" not in place]
        recorder.each(f"outputs/{name}", "dtfix", words, [f"-o {place}" for place in lines])
    recorder.each("outputs/map", "dtfix", ["map", *root], [f"--svg {place}" for place in places])
