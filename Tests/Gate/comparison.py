# SPDX-License-Identifier: Apache-2.0
"""Compares what two builds made, file by file."""
import difflib
import itertools
import subprocess

from recorder import text_of


def differences(before, after):
    """Lines that tell of every difference; none when there is none. A change that is the same in many files is shown
    once."""
    files = [{str(path.relative_to(place)): path for path in place.rglob("*") if path.is_file()}
             for place in (before, after)]
    for folder, names in folders(files[0].keys() - files[1].keys()):
        yield f"only in {before}: {folder}: {names}\n"
    for folder, names in folders(files[1].keys() - files[0].keys()):
        yield f"only in {after}: {folder}: {names}\n"
    shown = {}
    for name in sorted(files[0].keys() & files[1].keys()):
        old, new = (place[name].read_bytes() for place in files)
        if old == new:
            continue
        lines = list(difference(name, old, new))
        change = tuple(line for line in lines if line[0] in "+-" and not line.startswith(("+++", "---")))
        if change and change in shown:
            yield f"{name}: the same as in {shown[change]}\n"
        else:
            shown[change] = name
            yield from lines


def folders(names):
    """Names by the folder that they are in."""
    for folder, group in itertools.groupby(sorted(names), lambda name: name.rpartition("/")[0]):
        group = [name.rpartition("/")[2] for name in group]
        yield folder, ", ".join(group[:5]) + (f" and {len(group) - 5} more" if len(group) > 5 else "")


def difference(name, old, new):
    """A unified diff of two texts; of other files the first byte that differs, and of trees their sources."""
    texts = [text_of(data) for data in (old, new)]
    if None in texts:
        shared = min(len(old), len(new))
        offset = next((at for at in range(shared) if old[at] != new[at]), shared)
        yield f"{name}: differs from offset {offset:#x} on; {len(old)} and {len(new)} bytes\n"
        texts = [source(data) for data in (old, new)]
        if "" in texts:
            return
    if name.endswith(".txt"):
        yield texts[1].partition("\n")[0] + "\n"
    lines = difflib.unified_diff(*(text.split("\n") for text in texts), f"before/{name}", f"after/{name}", lineterm="")
    yield from (line + "\n" for line in lines)


def source(data):
    """A device tree as dtc prints it; empty for anything else."""
    if data[:4] != b"\xd0\x0d\xfe\xed":
        return ""
    return subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts"], input=data, capture_output=True).stdout.decode(
        errors="replace")
