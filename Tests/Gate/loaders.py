# SPDX-License-Identifier: Apache-2.0
"""The loaders in Examples, which load nothing here: kexec-loader, c-loader, loader.py and crashkernel-setup."""
import itertools
import shlex
import shutil
import subprocess
import sys

from cases import KERNELS, SEEDS, chosen
from recorder import label


def prepare(place, library, package):
    """Builds what has to be built; returns the programs. Those that need libdtfix are left out without it."""
    programs = {"crashkernel-setup": package / "Examples/crashkernel-setup"}
    if not (library / "libdtfix.so").exists():
        print(f"{library}: no libdtfix, so the loaders in C and Python are left out", file=sys.stderr)
        return programs
    shutil.copytree(library, place / "lib", symlinks=True)
    subprocess.run(
        ["cc", "-O1", "-std=c99", "-I", package / "Sources/CDTFix/include",
         *(package / "Examples/c-loader").glob("*.c"), "-L", place / "lib", "-ldtfix", "-lfdt", "-o", place / "c-loader"],
         check=True)
    return programs | {"c-loader": place / "c-loader", "loader.py": package / "Examples/python-loader/loader.py"}


def chapters(recorder, machines):
    """Functions without arguments, which do not need each other."""
    for machine in machines:
        for program in ("kexec-loader", "c-loader", "loader.py"):
            if recorder.exists(f"bin/{program}"):
                yield lambda machine=machine, program=program: loads(recorder, machine, program)
    yield lambda: setups(recorder)
    for program in ("c-loader", "loader.py"):
        if recorder.exists(f"bin/{program}"):
            yield lambda program=program: wrong_words(recorder, program)
            yield lambda program=program: checks(recorder, program)


def loads(recorder, machine, program):
    """Plans of every machine, by one loader."""
    folder = f"loaders/{label(program)}/{machine.name}"
    tree = f"{machine.root}/sys/firmware/fdt"
    options = {
        "plain": "", "initrds": "--initrd files/one --initrd files/two", "append": "--append 'debug nr_cpus=1'",
        "command-line": "--command-line quiet", "dtb": f"--dtb {tree}", "overlay": "--overlay trees/root.dtbo",
        "extra": "--extra acme,log=files/log", "ima": "--ima", "kexec_load": "--call kexec_load",
        "kexec_file_load": "--call kexec_file_load", "tree-and-kexec_file_load": f"--dtb {tree} --call kexec_file_load",
    }
    base = ["--root", machine.root]
    if program == "kexec-loader":
        base.append("--dry-run")
        options |= {"merge": f"--merge-dtb {tree}",
                    "elfcorehdr": f"--elfcorehdr {machine.root}/oracle/kernel-elfcorehdr.bin"}
    else:
        recorder.run(f"{folder}/capture", program, "capture", "--root", machine.root, "-o", "OUT.tar")
    few = {name: options[name] for name in ("plain", "kexec_file_load")}
    kernels = KERNELS[machine.architecture]
    for kernel in kernels[:1] + [name for name in kernels if name.startswith(("uki", "zboot"))][:1]:
        some = few if kernel != kernels[0] else chosen(machine, options)
        for command, (name, line) in itertools.product(("load", "load-crash"), some.items()):
            # kexec_file_load makes its own seeds, and no plan.
            makes = [] if program == "kexec-loader" or "kexec_file_load" in name else [*SEEDS, "-o", "OUT.plan"]
            recorder.run(f"{folder}/{command}-{label(kernel)}-{name}", program, command, "--kernel",
                         f"kernels/{kernel}", *base, *makes, *shlex.split(line))


def setups(recorder):
    """crashkernel-setup, as far as it goes on a captured machine."""
    for name in ("arm64-virt-6.12-kf", "riscv64-virt-7.2-kf", "pseries-7.2-kf", "x86_64-q35-6.1"):
        root = f"scratch/setup-{name}"
        shutil.copytree(recorder.place / f"machines/{name}", recorder.place / root)
        (recorder.place / root / "run").mkdir()
        kernel = KERNELS[{"pseries": "ppc64"}.get(name.split("-")[0], name.split("-")[0])][0]
        for command in ("test", "status", "nonsense", ""):
            recorder.run(f"loaders/crashkernel-setup/{name}-{command or 'nothing'}", "env", "CONFIG=", f"ROOT={root}",
                         f"KERNEL=kernels/{kernel}", "INITRD=files/initrd", "crashkernel-setup", *command.split())


def wrong_words(recorder, program):
    """What the loaders in C and Python refuse."""
    load = "load --root machines/arm64-virt-6.12-kf --kernel kernels/Image"
    recorder.each(f"loaders/{label(program)}/wrong", program, [], [
        "", "--help", "lead", "load", "load --kernal x", "load --kernel", f"{load} --really",
        f"{load} --kernel kernels/Image", f"{load} --kaslr-seed 0x123", f"{load} --kaslr-seed 0x1122",
        f"{load} --kaslr-seed zz", f"{load} --rng-seed ''",
        f"{load} --extra a", f"{load} --extra bootargs=files/one", f"{load} --call reboot", f"{load} --initrd nowhere",
        f"{load} --initrd files/empty", f"{load} --dtb files/text", f"{load} --overlay files/text",
        "load --root machines/arm64-virt-6.12-kf --initrd files/one",
        "load --root machines/arm64-virt-6.12-kf --kernel files/text",
        "load --root machines/arm64-virt-6.12-kf --kernel nowhere", "load --root files --kernel kernels/Image",
        "load --root nowhere --kernel kernels/Image",
        "load --root machines/arm64-virt-6.12-kf --kernel kernels/riscv-Image", "capture",
        "capture --root files -o scratch/x.tar", "check", "check a b", "check files/text", "check files/empty",
        "check nowhere", "check trees",
    ])


def checks(recorder, program):
    """What they say of trees, headers and kernels."""
    machine = "machines/arm64-virt-6.12-kf"
    files = [f"{machine}/oracle/{name}" for name in (
        "kernel.dtb", "kernel-noinitrd.dtb", "kernel-elfcorehdr.bin", "kexec-tools-elfcorehdr.bin",
        "normal-kernel.seen.dtb", "kexec-tools.dtb", "crash-kernel.vmcore-head.bin")]
    files += ["machines/arm64-virt-1g-6.1/oracle/kexec-tools-elfcorehdr.bin",
              "machines/x86_64-q35-6.1/oracle/kernel-elfcorehdr.bin"]
    files += recorder.paths("trees/*.dtb", "kernels/*")
    recorder.each(f"loaders/{label(program)}/check", program, ["check"], files)
    recorder.each(f"loaders/{label(program)}/check-on-machine", program, ["check", "--root", machine], files[:9])
