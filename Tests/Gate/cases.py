# SPDX-License-Identifier: Apache-2.0
"""What is run: everything that the programs can do, on all machines and boards. What goes wrong is in mistakes.py."""
import itertools

from inputs import MERGES, SOURCES
from recorder import label

# Machines on which everything is tried; on others, it is what is made differently there.
FULL = ("arm64-virt-6.12-kf", "arm64-virt-uefi-dt-6.12-kf", "riscv64-virt-7.2-kf", "pseries-7.2-kf",
        "loongarch64-made-up", "x86_64-q35-6g-high-6.1")
SHORT = ("plain", "initrd", "everything", "flat", "live", "merge", "no-seeds", "elfcorehdr", "ima-buffer",
         "two-initrds", "descending", "kexec-tools", "exclude", "two-usable-memories", "initrds", "dtb", "kexec_load",
         "kexec_file_load")
SEEDS = ["--kaslr-seed", "0x1122334455667788", "--rng-seed", "c0ffee00deadbeef"]
KERNELS = {
    "arm64": ["Image", "Image-large", "Image-low", "Image-64k", "Image.zstd", "zboot-zstd.efi", "uki.efi",
              "uki-zboot.efi"],
    "riscv64": ["riscv-Image", "riscv-Image-large", "riscv-Image-offset", "riscv-vmlinux", "zboot-riscv.efi",
                "uki-riscv.efi"],
    "ppc64": ["ppc64le-vmlinux", "ppc64le-large", "ppc64-vmlinux", "ppc64le-linked-high", "vmlinux.gz"],
    "loongarch64": ["loongarch.efi", "loongarch-large.efi", "zboot-loongarch.efi"],
    "x86_64": ["bzImage"],
}


def chapters(recorder, machines):
    """Functions without arguments, which do not need each other."""
    for machine in machines:
        for chapter in (trees, headers, plans, looks):
            yield lambda chapter=chapter, machine=machine: chapter(recorder, machine)
        if machine.has_tree:
            yield lambda machine=machine: merges_with_boards(recorder, machine)
    for chapter in (boards, merges, header_shapes, kernel_files, measurements, plan_parts, differences, pipes,
                    help_texts, terminals):
        yield lambda chapter=chapter: chapter(recorder)


def chosen(machine, options):
    """Those of the options that are tried on a machine."""
    return {name: words for name, words in options.items() if machine.name in FULL or name in SHORT}


def seeds(options):
    """Given ones, unless the options are about seeds."""
    return [] if any("-seed" in option for option in options) else SEEDS


# ---- dtfix fix ----


def trees(recorder, machine):
    for job, variants in [("kexec", kexec_options(machine)), ("crash", crash_options(machine))]:
        name, base = f"fix/{machine.name}/{job}", ["fix", f"--for-{job}", "--root", machine.root]
        plain = variants["plain"]
        if not machine.has_tree:
            recorder.run(name, "dtfix", *base, *plain, "-o", "OUT.dtb")
            continue
        made = [recorder.run(f"{name}-{variant}", "dtfix", *base, *seeds(options), *options, "--explain", "--json",
                             "-o", "OUT.dtb") + ".dtb"
                for variant, options in chosen(machine, variants).items()]
        check(recorder, f"{name}-check", machine, [f"--for-{job}", *filter(recorder.exists, made)])
        if machine.name in FULL:
            recorder.run(f"{name}-quiet", "dtfix", *base, *SEEDS, *plain, "-o", "OUT.dtb")
            recorder.run(f"{name}-to-standard-output", "dtfix", *base, *SEEDS, *plain)
            # Of random seeds, only that they are there.
            tree = f"scratch/{machine.name}-{job}.dtb"
            recorder.run(f"{name}-random", "dtfix", *base, *plain, "--explain", "-o", tree)
            recorder.run(f"{name}-random-shown", "dtfix", "show", tree)


def check(recorder, name, machine, words):
    """The check of several files, alone and on their machine."""
    for suffix, options in {"": [], "-json": ["--json"], "-on-machine": ["--root", machine.root],
                            "-on-machine-json": ["--json", "--root", machine.root]}.items():
        recorder.run(name + suffix, "dtfix", "check", *options, *words)


def shared_options(machine, at):
    """Options for both kinds of trees, and for plans; `at` gives memory."""
    return {
        "plain": [],
        "append": ["--append", "debug  nr_cpus=1"],
        "command-line": ["--command-line", 'console=ttyS0 root="/dev/a b"'],
        "command-line-append": ["--command-line", "quiet", "--append", "debug"],
        "no-command-line": ["--no-command-line"],
        "reuse-cmdline": ["--reuse-cmdline"],
        "reserve": ["--reserve", at(0x400_0000, 0x1234), "--reserve", at(0x410_0000, 0x1000)],
        "unreserve": ["--unreserve", "0x48000000+0x1f9bb8"],
        "set-and-delete": [
            "--set", "/:model=other", "--set", '/chosen:acme,text="a", "b"', "--set", "/chosen:acme,cells=<0x1 2>",
            "--set", "/chosen:acme,bytes=[c0 de]", "--set", "/chosen:acme,nothing", "--delete", "/:compatible",
            "--delete", "/chosen:acme,nothing"],
        "overlay": ["--overlay", "trees/root.dtbo"],
        "no-seeds": ["--kaslr-seed", "none", "--rng-seed", "none"],
        "no-rng-seed": ["--kaslr-seed", "0x1", "--rng-seed", "none"],
        "flat": ["--from", "flat"],
        "live": ["--from", "live"],
        "page-size": ["--page-size", "65536"],
        "merge": ["--merge-dtb", f"{machine.root}/sys/firmware/fdt"],
    }


def kexec_options(machine):
    initrd = ["--initrd-at", machine.at(0, 0x12_3456)]
    ima = ["--ima-buffer-at", machine.at(0x100_0000, 0x2_0000)]
    kho = ["--kho-fdt", machine.at(0x200_0000, 0x1000), "--kho-scratch", machine.at(0x201_0000, 0x30)]
    extra = ["--extra", f"acme,log={machine.at(0x300_0000, 0x3039)}", "--extra", f"acme,b={machine.at(0x310_0000, 1)}"]
    return shared_options(machine, machine.at) | {
        "initrd": initrd, "ima": ima, "kho": kho, "extra": extra, "arch-other": ["--arch", "other", *initrd],
        "everything": initrd + ima + extra + [
            "--reserve", machine.at(0x400_0000, 0x1234), "--overlay", "trees/root.dtbo", "--set",
            "/chosen:acme,one=<1>", "--append", "debug"],
    }


def crash_options(machine):
    at = machine.crash_at
    header = ["--elfcorehdr-at", at(-0x2_0000, 0x1000)]
    backup = ["--backup-at", f"{machine.crash + 0x8d_0000:#x}"] if machine.architecture == "ppc64" else []
    initrd = ["--initrd-at", at(0x100_0000, 0x12_3456)]
    keys = ["--dmcryptkeys-at", at(0x200_0000, 780)]
    extra = ["--extra", f"acme,log={at(0x300_0000, 0x3039)}"]
    usable = ["--usable-memory", f"{machine.crash:#x}-{machine.crash_end - 1:#x}"]
    return {name: header + backup + options for name, options in (shared_options(machine, at) | {
        "initrd": initrd, "dmcryptkeys": keys, "extra": extra, "usable-memory": usable,
        "two-usable-memories": usable + ["--usable-memory", f"64M@{machine.ram:#x}"],
        "usable-memory-elsewhere": ["--usable-memory", machine.at(0, 0x400_0000)],
        "initrd-outside": ["--initrd-at", machine.at(0, 0x1000)],
        "initrd-over-header": ["--initrd-at", at(-0x2_1000, 0x2000)],
        "no-rng-seed-with-keys": keys + ["--rng-seed", "none"],
        "backup": ["--backup-at", f"{machine.crash + 0x40_0000:#x}"],
        "everything": initrd + keys + extra + usable + [
            "--reserve", at(0x400_0000, 0x1234), "--overlay", "trees/root.dtbo", "--append", "nr_cpus=1"],
    }).items()}


def boards(recorder):
    """Boards' trees as they are, and prepared."""
    paths = recorder.paths("boards/**/*.dtb*")
    paths += [f"trees/{name}.dtb" for name in SOURCES]
    made = []
    for path in paths:
        folder = f"boards/{label(path)}"
        made.append(recorder.run(
            f"{folder}/fix", "dtfix", "fix", "--for-kexec", "-i", path, *SEEDS, "--explain", "--json", "-o", "OUT.dtb"))
        recorder.run(f"{folder}/fix-much", "dtfix", "fix", "--for-kexec", "--dtb", path, *SEEDS, "--explain",
                     "--command-line", "console=ttyS0 root=/dev/ram0", "--initrd-at", "0x90400000+0x1fe20c",
                     "--reserve", "1M@0x91000000", "--extra", "acme,log=0x92000000+0x100", "-o", "OUT.dtb")
        recorder.run(f"{folder}/show-json", "dtfix", "show", "--json", path)
        recorder.run(f"{folder}/plan", "dtfix", "plan", "--for-kexec", "-i", path, *SEEDS, "--kernel",
                     "kernels/riscv-Image" if "riscv64" in path else "kernels/Image", "--json", "--explain", "-o",
                     "OUT.plan")
        if recorder.exists(f"{made[-1]}.dtb"):
            recorder.run(f"{folder}/diff", "dtfix", "diff", path, f"{made[-1]}.dtb")
        if path.startswith("trees/"):
            recorder.run(f"{folder}/fix-again", "dtfix", "fix", "--for-kexec", "-i", f"{made[-1]}.dtb", *SEEDS,
                         "--explain", "-o", "OUT.dtb")
            recorder.run(f"{folder}/fix-crash", "dtfix", "fix", "--for-crash", "-i", path, *SEEDS, "--explain",
                         "--usable-memory", "0x90000000+0x4000000", "--elfcorehdr-at", "0x93ff0000+0x1000", "-o",
                         "OUT.dtb")
            recorder.run(f"{folder}/show", "dtfix", "show", path)
            recorder.run(f"{folder}/show-sorted", "dtfix", "show", "--sort", "--secrets", path)
            recorder.run(f"{folder}/diff-json", "dtfix", "diff", "--json", "--ignore-seeds", path, f"{made[-1]}.dtb")
    made = [f"{path}.dtb" for path in made if recorder.exists(f"{path}.dtb")]
    recorder.run("boards/check", "dtfix", "check", *paths)
    recorder.run("boards/check-json", "dtfix", "check", "--json", *paths)
    for job in ("kexec", "crash"):
        recorder.run(f"boards/check-{job}", "dtfix", "check", f"--for-{job}", *paths)
        recorder.run(f"boards/check-made-{job}", "dtfix", "check", f"--for-{job}", *made)
    for machine in ("arm64-virt-6.12-kf", "riscv64-virt-7.2-kf", "pseries-7.2-kf"):
        recorder.run(f"boards/check-on-{machine}", "dtfix", "check", "--root", f"machines/{machine}", *made)
    for architecture in ("aarch64", "riscv64", "ppc64", "arm", "x86_64", "loongarch64"):
        recorder.run(f"boards/check-for-{architecture}", "dtfix", "check", "--arch", architecture, *made)


def merges_with_boards(recorder, machine):
    """Boards' trees completed by a machine's."""
    paths = recorder.paths("trees/*.dtb")
    if machine.name in ("arm64-virt-6.12-kf", "riscv64-virt-7.2-kf", "pseries-7.2-kf"):
        paths += recorder.paths("boards/**/*.dtb")
    elif "uefi" not in machine.name:
        return
    for path in paths:
        recorder.run(
            f"merges/{machine.name}/{label(path)}", "dtfix", "--for-kexec", "--root", machine.root, "--merge-dtb", path,
            *SEEDS, "--explain", "--json", "-o", "OUT.dtb")


def merges(recorder):
    """Trees that were made to be merged, or not to be."""
    for name in MERGES:
        words = ["--for-kexec", "--root", f"merges/{name}", "--merge-dtb", f"merges/{name}.dtb", *SEEDS]
        out = recorder.run(f"merges/made-up/{name}", "dtfix", *words, "--explain", "--json", "-o", "OUT.dtb")
        if name in ("full", "alias", "other-mac", "other-board", "cells-3", "memory-in-blocks"):
            recorder.run(f"merges/made-up/{name}-plan", "dtfix", "plan", *words, "--kernel", "kernels/Image",
                         "--explain")
        if recorder.exists(f"{out}.dtb"):
            recorder.run(f"merges/made-up/{name}-again", "dtfix", "--for-kexec", "--root", f"merges/{name}",
                         "--merge-dtb", f"{out}.dtb", *SEEDS, "--explain", "-o", "OUT.dtb")


# ---- dtfix elfcorehdr ----


def headers(recorder, machine):
    backup = ["--backup-at", f"{machine.crash + 0x8d_0000:#x}"] if machine.architecture == "ppc64" else []
    variants = {
        "plain": [], "descending": ["--order", "descending"], "kexec-tools": ["--style", "kexec-tools"],
        "joined": ["--join-neighbours"], "everything": [
            "--order", "descending", "--style", "kexec-tools", "--join-neighbours", "--exclude", machine.at(0, 0x1000)],
        "exclude": ["--exclude", machine.at(0, 0x1000), "--exclude", machine.at(0x1_0000, 0x800)],
        "ram": ["--ram", f"{machine.ram:#x}+0x10000000"],
        "cpu-notes": ["--cpu-notes", machine.at(0, 0x1a8), "--cpu-notes", machine.at(0x1000, 0x1a8)],
        "vmcoreinfo": ["--vmcoreinfo", machine.at(0x2000, 0x1024)],
        "kernel-text": ["--kernel-text", f"0xffffa8cd91800000:{machine.at(0, 0x6a_0000)}"],
        "linear-map": ["--linear-map", "0xffff3a8400000000"], "arch": ["--arch", machine.architecture],
        "other-arch": ["--arch", "riscv64" if machine.architecture == "arm64" else "arm64"],
        "backup": ["--backup-at", f"{machine.crash + 0x40_0000:#x}"],
    }
    made = []
    for name, options in chosen(machine, variants).items():
        made.append(recorder.run(
            f"elfcorehdr/{machine.name}/{name}", "dtfix", "elfcorehdr", "--root", machine.root, *backup, *options,
            "--explain", "--json", "-o", "OUT.hdr") + ".hdr")
    recorder.run(f"elfcorehdr/{machine.name}/quiet", "dtfix", "elfcorehdr", "--root", machine.root, *backup)
    made = [path for path in made if recorder.exists(path)]
    if made:
        check(recorder, f"elfcorehdr/{machine.name}/check", machine, made)
        recorder.run(f"elfcorehdr/{machine.name}/check-excluded", "dtfix", "check", "--root", machine.root, "--exclude",
                     machine.at(0, 0x1000), "--exclude", machine.at(0x1_0000, 0x800), *made)
        recorder.run(f"elfcorehdr/{machine.name}/shown", "dtfix", "show", made[0])
        recorder.run(f"elfcorehdr/{machine.name}/shown-json", "dtfix", "show", "--json", made[0])
    # Every header that a kernel or kexec-tools made, of this machine and of all others.
    oracles = recorder.paths("machines/*/oracle/*elfcorehdr.bin")
    check(recorder, f"elfcorehdr/{machine.name}/check-oracles", machine, oracles)
    for path in oracles:
        if path.startswith(machine.root + "/"):
            recorder.run(f"elfcorehdr/{machine.name}/oracle-{label(path)}", "dtfix", "show", path)


def header_shapes(recorder):
    """Headers of facts by hand, without a machine."""
    facts = ["--ram", "0x40000000-0x9fffffff", "--exclude", "0x91400000-0x9d3fffff", "--cpu-notes", "0x9ffbe000+0x1a8",
             "--cpu-notes", "0x9ffd2000+0x1a8", "--vmcoreinfo", "0x4155a000+0x1024", "--kernel-text",
             "0xffffa8cd91800000:0x40200000+0x6a0000", "--linear-map", "0xffff3a8400000000"]
    for architecture in ("aarch64", "riscv64", "ppc64", "ppc64le", "x86_64", "loongarch64", "arm", "other", "s390x"):
        backup = ["--backup-at", "0x92000000"] if architecture.startswith("ppc64") else []
        recorder.run(f"elfcorehdr/by-hand/{architecture}", "dtfix", "elfcorehdr", "--arch", architecture, *facts,
                     *backup, "--explain", "--json", "-o", "OUT.hdr")
    for index in range(0, len(facts), 2):
        recorder.run(f"elfcorehdr/by-hand/without-{index // 2}{facts[index]}", "dtfix", "elfcorehdr", "--arch",
                     "aarch64",
                     *facts[:index], *facts[index + 2:], "--explain")


# ---- dtfix plan ----


def plans(recorder, machine):
    folder = f"plan/{machine.name}"
    kernels = [f"kernels/{name}" for name in KERNELS[machine.architecture]]
    if machine.name not in FULL:
        kernels = kernels[:3]
    base = ["--root", machine.root, "--kernel"]
    made = {}
    for job in ("kexec", "crash"):
        for kernel in kernels:
            name = label(kernel)
            options = [f"--for-{job}", *base, kernel, *SEEDS]
            made[f"{job}-{name}"] = recorder.run(
                f"{folder}/{job}-{name}", "dtfix", "plan", *options, "--json", "--explain", "-o", "OUT.plan")
            if kernel == kernels[0]:
                recorder.run(f"{folder}/{job}-{name}-text", "dtfix", "plan", *options, "--initrd", "files/initrd")
        if machine.architecture == "x86_64":
            continue
        for name, options in chosen(machine, plan_options(recorder, machine, job)).items():
            made[f"{job}-{name}"] = recorder.run(
                f"{folder}/{job}-{name}", "dtfix", "plan", f"--for-{job}", *base, kernels[0], *seeds(options), *options,
                "--explain", "-o", "OUT.plan")
        if machine.name in FULL:
            recorder.run(f"{folder}/{job}-random", "dtfix", "plan", f"--for-{job}", *base, kernels[0], "--initrd",
                         "files/initrd", "--json", "--explain")
    made = {name: f"{path}.plan" for name, path in made.items() if recorder.exists(f"{path}.plan")}
    if not made:
        return
    check(recorder, f"{folder}/check", machine, made.values())
    recorder.run(f"{folder}/check-excluded", "dtfix", "check", "--root", machine.root, "--exclude", machine.at(0,
                                                                                                               0x1000),
                 *made.values())
    for name in [name for name in made if name.endswith(("-initrd", "-everything"))]:
        path = made[name]
        command = "load-crash" if name.startswith("crash") else "load"
        recorder.run(f"{folder}/{name}-loaded", "kexec-loader", command, "--dry-run", "--root", machine.root, "--plan",
                     path)
        recorder.run(f"{folder}/{name}-shown", "dtfix", "show", path)
        recorder.run(f"{folder}/{name}-shown-json", "dtfix", "show", "--json", path)
        recorder.run(f"{folder}/{name}-map", "dtfix", "map", "--root", machine.root, "--plan", path)
        recorder.run(f"{folder}/{name}-map-svg", "dtfix", "map", "--root", machine.root, "--plan", path, "--svg",
                     "OUT.svg")


def plan_options(recorder, machine, job):
    crash = job == "crash"
    options = shared_options(machine, machine.crash_at if crash else machine.at)
    initrds = ["--initrd", "files/one", "--initrd", "files/two"]
    extras = ["--extra", "acme,log=files/log", "--extra", "acme,b=files/one"]
    options |= {"initrd": ["--initrd", "files/initrd"], "two-initrds": initrds, "extras": extras,
                "everything": ["--initrd", "files/initrd", *extras, "--append", "nr_cpus=1"]}
    if not crash:
        return options | {
            "ima-list": ["--ima-list", "measurements/lists/x86_64-ima-sig.list"],
            "ima-buffer": ["--ima-list", "measurements/buffers/good.buffer", "--initrd", "files/initrd"],
            "ima": ["--ima"],
            "everything-and-ima": options["everything"] + ["--ima-list", "measurements/buffers/good.buffer"],
        }
    header = f"{machine.root}/oracle/k{{}}-elfcorehdr.bin"
    return options | {
        "elfcorehdr": ["--elfcorehdr", header.format("ernel")], "elfcorehdr-kexec-tools": [
            "--elfcorehdr", header.format("exec-tools"), "--initrd", "files/initrd"],
        "exclude": ["--exclude", machine.at(0, 0x1000)], "ram": ["--ram", f"{machine.ram:#x}+0x10000000"],
        "cpu-notes": ["--cpu-notes", machine.at(0, 0x1a8)], "vmcoreinfo": ["--vmcoreinfo", machine.at(0x2000, 0x1024)],
        "kernel-text": ["--kernel-text", f"0xffffa8cd91800000:{machine.at(0, 0x6a_0000)}"],
        "linear-map": ["--linear-map", "0xffff3a8400000000"],
    }


def plan_parts(recorder):
    """What a plan takes besides, on one machine."""
    root = "machines/arm64-virt-6.12-kf"
    base = ["plan", "--for-kexec", "--root", root, *SEEDS, "--kernel"]
    for path in recorder.paths("measurements/buffers/*", "measurements/lists/*.list"):
        recorder.run(f"plan/measurements/{label(path)}", "dtfix", *base, "kernels/Image", "--ima-list", path,
                     "--explain", "-o", "OUT.plan")
    for profile in (0, 1, 2, -1):
        recorder.run(f"plan/profiles/{profile}", "dtfix", *base, "kernels/uki-profiles.efi", f"--profile={profile}",
                     "--explain", "--json")
    uki = ["--reuse-cmdline", "--command-line mine", "--append more", "--no-command-line", "--initrd files/one"]
    recorder.each("plan/uki", "dtfix", [*base, "kernels/uki.efi", "--explain"], uki)
    for path in recorder.paths("kernels/*"):
        recorder.run(f"plan/kernels/{label(path)}", "dtfix", *base, path)


# ---- What is shown ----


def looks(recorder, machine):
    """The machine itself, shown, drawn and captured."""
    folder = f"looks/{machine.name}"
    recorder.run(f"{folder}/show", "dtfix", "show", "--root", machine.root)
    for origin in ("flat", "live"):
        recorder.run(f"{folder}/show-{origin}", "dtfix", "show", "--root", machine.root, "--from", origin, "--sort")
        recorder.run(f"{folder}/show-{origin}-json", "dtfix", "show", "--root", machine.root, "--from", origin,
                     "--json")
    recorder.run(f"{folder}/map", "dtfix", "map", "--root", machine.root)
    recorder.run(f"{folder}/map-svg", "dtfix", "map", "--root", machine.root, "--svg", "OUT.svg")
    recorder.run(f"{folder}/map-svg-to-standard-output", "dtfix", "map", "--root", machine.root, "--svg", "-")
    recorder.run(f"{folder}/capture", "dtfix", "capture", "--root", machine.root, "-o", "OUT.tar")
    captured = f"scratch/captured-{machine.name}"
    recorder.run(f"{folder}/capture-folder", "dtfix", "capture", "--root", machine.root, "-o", captured)
    recorder.run(f"{folder}/capture-again", "dtfix", "capture", "--root", captured, "-o", "/dev/null")
    recorder.run(f"{folder}/status", "kexec-loader", "status", "--root", machine.root)
    flat = f"{machine.root}/sys/firmware/fdt"
    for path in recorder.paths(f"{machine.root}/proc-device-tree.tar", f"{machine.root}/proc/device-tree"):
        recorder.run(f"{folder}/show-{label(path)}", "dtfix", "show", path)
        recorder.run(f"{folder}/diff-{label(path)}", "dtfix", "diff", flat, path)
        recorder.run(f"{folder}/fix-{label(path)}", "dtfix", "--for-kexec", "-i", path, *SEEDS, "--explain", "-o",
                     "OUT.dtb")
    oracles = recorder.paths(f"{machine.root}/oracle/*.dtb")
    for path in oracles:
        recorder.run(f"{folder}/oracle-diff-{label(path)}", "dtfix", "diff", "--follow-phandles", flat, path)
    for job in ("kexec", "crash"):
        if oracles:
            check(recorder, f"{folder}/oracle-check-{job}", machine, [f"--for-{job}", *oracles])


def kernel_files(recorder):
    for path in recorder.paths("kernels/*"):
        name = label(path)
        recorder.run(f"image/{name}/text", "dtfix", "image", path)
        recorder.run(f"image/{name}/json", "dtfix", "image", "--json", path)
        recorder.run(f"image/{name}/extract", "dtfix", "image", "--extract", path, "-o", "OUT.kernel")
        if name.startswith("uki"):
            recorder.run(f"image/{name}/layers", "dtfix", "image", "--layers", path)
            recorder.run(f"image/{name}/show", "dtfix", "show", path)
            recorder.run(f"image/{name}/show-json", "dtfix", "show", "--json", path)
    recorder.run("image/extract-json", "dtfix", "image", "--extract", "--json", "kernels/uki.efi", "-o", "OUT.kernel")
    recorder.run("image/extract-to-standard-output", "dtfix", "image", "--extract", "kernels/uki.efi")
    for profile in ("0", "1", "2"):
        recorder.run(f"image/profile-{profile}", "dtfix", "image", "kernels/uki-profiles.efi", "--profile", profile)


def measurements(recorder):
    for path in recorder.paths("measurements/buffers/*", "measurements/*/*.list"):
        name = f"measurements/{path.split('/')[1]}-{label(path)}"
        recorder.run(name, "dtfix", "show", path)
        if "lists" in path or "every-template" in path or "violation" in path:
            recorder.run(f"{name}-json", "dtfix", "show", "--json", path)


def differences(recorder):
    """Our own trees, each against each."""
    for first, second in itertools.combinations_with_replacement(recorder.paths("trees/*.dtb"), 2):
        recorder.run(f"diff/{label(first)}-{label(second)}", "dtfix", "diff", "--follow-phandles", first, second)
    for options in (["--json"], ["--ignore-seeds"], ["--json", "--ignore-seeds", "--follow-phandles"]):
        recorder.run(f"diff/options{''.join(options)}", "dtfix", "diff", *options, "trees/board.dtb",
                     "trees/stale-handover.dtb")


def pipes(recorder):
    """Standard input and output, and files of other kinds."""
    board, header = "trees/board.dtb", "machines/arm64-virt-6.12-kf/oracle/kernel-elfcorehdr.bin"
    for name, stdin, words in [
        ("fix", board, ["--for-kexec", "-i", "-", *SEEDS]), ("show", board, ["show", "-"]),
        ("check", board, ["check", "-"]), ("check-header", header, ["check", "-", board]),
        ("diff", board, ["diff", "-", "trees/stale-handover.dtb"]), ("image", "kernels/uki-zboot.efi", ["image", "-"]),
        ("image-extract", "kernels/uki-zboot.efi", ["image", "--extract", "-"]),
        ("show-header", header, ["show", "-"]), ("show-list", "measurements/lists/x86_64-ima.list", ["show", "-"]),
        ("show-archive", "machines/riscv64-virt-6.12/proc-device-tree.tar", ["show", "-"]),
        ("merge", board, ["--for-kexec", "--root", "merges/full", "--merge-dtb", "-", *SEEDS]),
        ("plan", "kernels/Image", ["plan", "--for-kexec", "-i", board, "--kernel", "-", *SEEDS]),
        ("empty", None, ["show", "-"]), ("empty-check", None, ["check", "-"]),
    ]:
        recorder.run(f"pipes/{name}", "dtfix", *words, stdin=stdin)
    seeds = " ".join(SEEDS)
    for name, script in {
        "show-pipe": f"dtfix show <(cat {board})", "fix-pipe": f"dtfix --for-kexec {seeds} -i <(cat {board})",
        "diff-pipe": f"dtfix diff <(cat {board}) <(cat {board})",
        "to-device": f"dtfix --for-kexec {seeds} -i {board} -o /dev/stdout",
        "to-appended-input": f"cp {board} scratch/own; dtfix --for-kexec {seeds} -i scratch/own >>scratch/own",
        "to-full": f"dtfix --for-kexec {seeds} -i {board} >/dev/full", "show-to-full": f"dtfix show {board} >/dev/full",
        "explain-to-full": f"dtfix --for-kexec {seeds} -i {board} --json >/dev/full",
        "to-closed": f"dtfix --for-kexec {seeds} -i {board} >&-", "show-to-closed": f"dtfix show {board} >&-",
        "umask": f"umask 027; dtfix --for-kexec -i {board} --kaslr-seed none --rng-seed none -o OUT.dtb",
        "umask-seeds": f"umask 000; dtfix --for-kexec -i {board} {seeds} -o OUT.dtb",
        "file-size": f"trap '' XFSZ; ulimit -f 1; dtfix --for-kexec -i {board} {seeds} -o OUT.dtb; "
                     "find made/pipes -name 'file-size*'",
        "bytes-behind": f"cat {board} files/log >scratch/long.dtb; "
                        f"dtfix --for-kexec -i scratch/long.dtb {seeds} --explain",
        "odd-name": f"cp {board} 'scratch/a b:c=d.dtb'; dtfix show 'scratch/a b:c=d.dtb'",
        "link": f"cp {board} scratch/board.dtb; ln -s board.dtb scratch/link; "
                f"dtfix --for-kexec -i scratch/board.dtb {seeds} -o scratch/link",
        "dangling-link": f"ln -s nowhere scratch/dangling; dtfix --for-kexec -i {board} {seeds} -o scratch/dangling",
        "capture-pipe": "dtfix capture --root machines/arm64-virt-1g-6.1 -o - | tar -t",
        "capture-folder": "umask 000; dtfix capture --root machines/arm64-virt-1g-6.1 -o OUT.captured",
    }.items():
        recorder.run(f"pipes/{name}", "bash", "-c", script)


def help_texts(recorder):
    commands = ["fix", "elfcorehdr", "plan", "image", "show", "check", "diff", "map", "capture"]
    for command in commands:
        recorder.run(f"help/{command}", "dtfix", "help", command)
        recorder.run(f"help/{command}-option", "dtfix", command, "--help")
    recorder.each("help", "dtfix", [], ["--help", "-h", "help", "help nonsense", "--version", "show --version",
                                        "--generate-completion-script bash", "--generate-completion-script zsh",
                                        "--generate-completion-script fish", "--generate-completion-script csh"])
    recorder.run("help/kexec-loader", "kexec-loader", "--help")


def terminals(recorder):
    """Colours, widths and progress, which only a terminal gets."""
    for name, variables in {"colours": "TERM=xterm", "no-color": "TERM=xterm NO_COLOR=1", "dumb": "TERM=dumb",
                            "plain-letters": "TERM=xterm LC_ALL=C"}.items():
        for columns in (40, 80, 200):
            recorder.run(f"terminal/map-{name}-{columns}", "script", "-qec", f"stty cols {columns}; env -u COLUMNS "
                         f"{variables} dtfix map --root machines/x86_64-q35-6g-high-6.1", "/dev/null")
    for command in ("--for-kexec -i trees/board.dtb", "elfcorehdr --root machines/arm64-virt-6.12-kf",
                    "capture --root machines/arm64-virt-6.12-kf -o -", "image --extract kernels/uki.efi"):
        recorder.run(f"terminal/binary-{command.split()[0].strip('-')}", "script", "-qec", f"dtfix {command}",
                     "/dev/null")
    for variables in ("LC_ALL=C", "LC_ALL= LC_CTYPE=de_DE.utf8", "LC_ALL= LANG=", "COLUMNS=20", "COLUMNS=9999",
                      "COLUMNS="):
        recorder.run(f"terminal/map-{variables.replace(' ', '-')}".replace(".", "-"), "bash", "-c",
                     f"{variables} dtfix map --root machines/arm64-virt-6.12-kf")
