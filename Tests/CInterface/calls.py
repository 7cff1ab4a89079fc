# SPDX-License-Identifier: Apache-2.0
"""The words of a command of dtfix as calls of libdtfix, bound in Examples/python-loader/loader.py."""
import argparse
import ctypes
import os
import re
from ctypes import byref, c_char_p, c_size_t, c_uint32, c_uint64, c_void_p

import loader
from loader import struct

# The folder that paths are relative to.
PLACE = None

NO_SEED = {"kaslr_seed": 1, "rng_seed": 2}
NO_COMMAND_LINE, REUSE_COMMAND_LINE, MERGE_TREE, HAND_OVER_IMA = 4, 8, 16, 32
ORIGINS = {None: 0, "flat": 1, "live": 2}
KEXEC_LOAD = 1
# DTFIX_INPUT_… and DTFIX_FILE_….
INITRD, ELFCOREHDR, IMA_BUFFER, EXTRA, KHO_FDT, KHO_SCRATCH, DMCRYPT_KEYS, BACKUP = 2, 6, 7, 8, 9, 10, 11, 12
SET, DELETE, OVERLAY, UNRESERVE = 1, 2, 3, 4

Handover = struct("u32 purpose flags unused", "text architecture command_line append", "pointer inputs",
                  "size input_count", "pointer usable_memory", "size usable_memory_count", "pointer reservations",
                  "size reservation_count", "text kaslr_seed", "size kaslr_seed_size", "text rng_seed",
                  "size rng_seed_size")
CrashFacts = struct("u32 unused", "text architecture", "pointer ram", "size ram_count", "pointer excluded",
                   "size excluded_count", "pointer cpu_notes", "size cpu_note_count", "u64 vmcoreinfo vmcoreinfo_size",
                   "u64 kernel_text kernel_text_size kernel_text_address linear_map backup",
                   "u32 has_linear_map has_backup")


class Range(ctypes.Structure):
    _fields_ = [("start", c_uint64), ("size", c_uint64)]


class Input(ctypes.Structure):
    _fields_ = [("type", c_uint32), ("unused", c_uint32), ("name", c_char_p), ("range", Range)]


class Edit(ctypes.Structure):
    _fields_ = [("kind", c_uint32), ("unused", c_uint32), ("text", c_char_p), ("bytes", c_char_p), ("size", c_size_t),
                ("name", c_char_p)]


class NotInC(Exception):
    """The C interface has no counterpart, or its caller would have refused it."""


class Refused(Exception):
    """A function failed, with this number."""


def of(words):
    """A function that makes the calls of a command, and returns the exit code that dtfix should have and a message."""
    command, *rest = words if words[:1] and words[0] in COMMANDS else ["fix", *words]
    options, function = COMMANDS[command]
    if any(word.endswith("=") and word.startswith("--") for word in rest):
        raise NotInC("an option without a value")
    arguments = options.parse_args(rest)
    steps = function(arguments)

    def call():
        try:
            return (1, "findings") if steps() is True else (0, "")
        except Refused as refusal:
            return refusal.args
    return call


def call(function, *arguments):
    """Calls a function of the library; DTFIX_E_… is an exception."""
    error = loader.Error()
    wide = [c_size_t(value) if isinstance(value, int) else value for value in arguments]
    result = getattr(loader.lib, f"dtfix_{function}")(*wide, byref(error))
    code = loader.lib.dtfix_error_code(error)
    if -result != code:
        raise AssertionError(f"dtfix_{function} returns {result}, and its error has the code {code}")
    if code:
        raise Refused(code, loader.lib.dtfix_error_message(error).decode().replace("\n", " / "))


def made(kind, function, *arguments):
    result = kind()
    call(function, *arguments, byref(result))
    return result


# ---- Values ----


def number(text):
    if not re.fullmatch(r"0x[0-9a-fA-F]+|[0-9]+", text) or int(text, 0) >= 1 << 64:
        raise NotInC(text)
    return int(text, 0)


def size(text):
    shift = {"K": 10, "M": 20, "G": 30}.get(text[-1:].upper())
    return number(text[:-1]) << shift if shift else number(text)


def range_of(text):
    """START+SIZE, START-LAST or SIZE@START."""
    for separator in "+-@":
        first, found, second = text.partition(separator)
        if not found or not first or not second:
            continue
        if separator == "@":
            first, second = second, first
        start = number(first)
        length = number(second) + 1 - start if separator == "-" else size(second)
        if 0 < length and start + length <= 1 << 64:
            return Range(start, length)
    raise NotInC(text)


def content(path):
    """The bytes of a file; the library is not called for one that cannot be opened."""
    path = PLACE / path
    if not path.is_file():
        raise NotInC(path)
    return path.read_bytes()


def pairs(text):
    name, found, value = text.partition("=")
    if not found:
        raise NotInC(text)
    return name, value


def array(target, name, count, values):
    """Sets the two members of a struct that are an array, which lives as long as the struct."""
    values = list(values)
    if values:
        memory = (type(values[0]) * len(values))(*values)
        target.kept = getattr(target, "kept", []) + [memory]
        setattr(target, name, ctypes.addressof(memory))
        setattr(target, count, len(values))


def encoded(text):
    if text is not None and "\0" in text:
        raise NotInC(text)
    return None if text is None else text.encode(errors="surrogateescape")


def set_seeds(target, arguments):
    """The seeds that are given; others are random, in the program and in C."""
    for name, flag in NO_SEED.items():
        text = getattr(arguments, name)
        if text == "none":
            target.flags |= flag
        elif text not in (None, "random"):
            digits = text.removeprefix("0x")
            if name == "kaslr_seed":
                digits = digits.rjust(16, "0")
            try:
                seed = bytes.fromhex(digits)
            except ValueError:
                raise NotInC(text) from None
            if not any(seed) or (name == "kaslr_seed" and not text.startswith("0x")):
                raise NotInC(text)
            setattr(target, name, seed)
            setattr(target, name + "_size", len(seed))


def purpose_of(arguments):
    if arguments.for_kexec == arguments.for_crash:
        raise NotInC("no purpose")
    return loader.FOR_CRASH if arguments.for_crash else loader.FOR_KEXEC


def machine_of(root):
    """A captured machine; never the one that the test runs on."""
    if not root or root == "/":
        raise NotInC("this machine")
    return made(loader.Machine, "machine_open", str(PLACE / root).encode())


# ---- Commands ----


def fix(arguments):
    machine = None if arguments.dtb and not arguments.root else machine_of(arguments.root)
    blob = content(arguments.dtb) if arguments.dtb else None
    if blob and (arguments.dtb.endswith(".tar") or arguments.origin):
        raise NotInC("an archive, or a choice of trees")
    edits = edits_of(arguments)
    handover = Handover(purpose=purpose_of(arguments), architecture=encoded(arguments.arch),
                        command_line=encoded(arguments.command_line), append=encoded(arguments.append))
    if handover.purpose == loader.FOR_CRASH and not arguments.elfcorehdr_at:
        raise NotInC("an option that is missing")
    set_command_line(handover, arguments, machine)
    inputs = [(kind, getattr(arguments, name)) for name, kind in INPUT_OPTIONS.items() if getattr(arguments, name)]
    inputs = [Input(kind, 0, None, range_of(text)) for kind, text in inputs]
    if arguments.backup_at:
        inputs.append(Input(BACKUP, 0, None, Range(number(arguments.backup_at), 1)))
    inputs += [Input(EXTRA, 0, name.encode(), range_of(text)) for name, text in map(pairs, arguments.extra)]
    array(handover, "inputs", "input_count", inputs)
    array(handover, "usable_memory", "usable_memory_count", map(range_of, arguments.usable_memory))
    array(handover, "reservations", "reservation_count", map(range_of, arguments.reserve))
    set_seeds(handover, arguments)

    def steps():
        if blob is None:
            tree = made(loader.Tree, "machine_tree", machine, ORIGINS[arguments.origin])
        else:
            tree = made(loader.Tree, "tree_open", blob, len(blob))
        call("tree_edit", tree, edits, len(edits), None)
        call("tree_patch", tree, byref(handover), machine, byref(loader.Buffer()), None)
    return steps


def edits_of(arguments):
    edits = []
    for path in arguments.overlay:
        data = content(path)
        edits.append(Edit(OVERLAY, 0, None, data, len(data), path.encode()))
    for kind, texts in ((SET, arguments.set), (DELETE, arguments.delete), (UNRESERVE, arguments.unreserve)):
        edits += [Edit(kind, 0, encoded(text), None, 0, None) for text in texts]
    return (Edit * len(edits))(*edits)


def set_command_line(target, arguments, machine):
    choices = [arguments.command_line is not None, arguments.reuse_cmdline, arguments.no_command_line]
    if sum(choices) > 1 or (arguments.reuse_cmdline and machine is None):
        raise NotInC("options that exclude each other, or the machine that the test runs on")
    # Of a tree alone, its own; else the running kernel's.
    if arguments.no_command_line:
        target.flags |= NO_COMMAND_LINE
    elif arguments.reuse_cmdline or (machine and arguments.command_line is None and isinstance(target, Handover)):
        target.flags |= REUSE_COMMAND_LINE


def elfcorehdr(arguments):
    machine = None if arguments.ram and not arguments.root else machine_of(arguments.root)
    facts = CrashFacts(architecture=encoded(arguments.arch))
    array(facts, "ram", "ram_count", map(range_of, arguments.ram))
    array(facts, "excluded", "excluded_count", map(range_of, arguments.exclude))
    array(facts, "cpu_notes", "cpu_note_count", map(range_of, arguments.cpu_notes))
    if arguments.vmcoreinfo:
        note = range_of(arguments.vmcoreinfo)
        facts.vmcoreinfo, facts.vmcoreinfo_size = note.start, note.size
    if arguments.kernel_text:
        address, _, place = arguments.kernel_text.partition(":")
        text = range_of(place)
        facts.kernel_text, facts.kernel_text_size, facts.kernel_text_address = text.start, text.size, number(address)
    for name in ("linear_map", "backup"):
        if (text := getattr(arguments, name)) is not None:
            setattr(facts, name, number(text))
            setattr(facts, f"has_{name}", 1)
    return lambda: call("elfcorehdr", machine, byref(facts), byref(loader.Buffer()), None)


def plan(arguments):
    machine = None if arguments.dtb and not arguments.root else machine_of(arguments.root)
    if arguments.merge_dtb and arguments.dtb:
        raise NotInC("options that exclude each other")
    options = loader.PlanOptions(purpose=purpose_of(arguments), call=KEXEC_LOAD, tree_origin=ORIGINS[arguments.origin],
                                 profile=arguments.profile, architecture=encoded(arguments.arch),
                                 page_size=arguments.page_size, append=encoded(arguments.append))
    appends_to_none = arguments.no_command_line and arguments.append is not None
    if arguments.page_size not in (0, 4096, 16384, 65536) or appends_to_none:
        raise NotInC("an option that is refused")
    set_command_line(options, arguments, machine)
    set_seeds(options, arguments)
    array(options, "reservations", "reservation_count", map(range_of, arguments.reserve))
    array(options, "excluded", "excluded_count", map(range_of, arguments.exclude))
    options.flags |= (MERGE_TREE if arguments.merge_dtb else 0) | (HAND_OVER_IMA if arguments.ima else 0)
    files = [(loader.KERNEL, path, path) for path in arguments.kernel[-1:]]
    files += [(loader.INITRD, path, path) for path in arguments.initrd]
    files += [(loader.TREE, path, path) for path in (arguments.dtb, arguments.merge_dtb) if path]
    files += [(loader.OVERLAY, path, path) for path in arguments.overlay]
    files += [(ELFCOREHDR, path, path) for path in (arguments.elfcorehdr,) if path]
    files += [(IMA_BUFFER, path, path) for path in (arguments.ima_list,) if path]
    files += [(loader.EXTRA, *pair) for pair in map(pairs, arguments.extra)]
    files = [(kind, name.encode(), content(path)) for kind, name, path in files]
    if arguments.command_line is not None:
        files.append((loader.COMMAND_LINE, b"--command-line", encoded(arguments.command_line)))

    def steps():
        file_set = made(loader.FileSet, "file_set_new")
        for kind, name, data in files:
            call("file_set_add", file_set, byref(loader.File(type=kind, name=name, bytes=data, size=len(data))))
        plan, report = loader.Plan(), loader.Report()
        call("plan_make", file_set, machine, byref(options), byref(plan), byref(report))
    return steps


def check(arguments):
    data = content(arguments.file)
    if data[:4] == b"\x7fELF" and not (arguments.for_kexec or arguments.for_crash or arguments.arch):
        machine = machine_of(arguments.root) if arguments.root is not None else None
        return lambda: has_findings("elfcorehdr_check", data, len(data), machine)
    if data[:4] != b"\xd0\x0d\xfe\xed" or arguments.root is not None or not (arguments.for_kexec ^ arguments.for_crash):
        raise NotInC("a file of another kind, or a tree on its machine")
    purpose = purpose_of(arguments)
    return lambda: has_findings("tree_check", made(loader.Tree, "tree_open", data, len(data)), purpose,
                                encoded(arguments.arch))


def has_findings(function, *arguments):
    return loader.lib.dtfix_report_finding_count(made(loader.Report, function, *arguments)) > 0


def image(arguments):
    data = content(arguments.file)
    return lambda: made(loader.Image, "image_open", data, len(data), arguments.profile)


def show(arguments):
    machine = machine_of(arguments.root)
    return lambda: made(loader.Tree, "machine_tree", machine, ORIGINS[arguments.origin])


def capture(arguments):
    machine = machine_of(arguments.root)
    return lambda: call("machine_capture", machine, int(arguments.measurements), byref(loader.Buffer()), None)


# ---- Options ----

INPUT_OPTIONS = {"initrd_at": INITRD, "elfcorehdr_at": ELFCOREHDR, "ima_buffer_at": IMA_BUFFER, "kho_fdt": KHO_FDT,
                 "kho_scratch": KHO_SCRATCH, "dmcryptkeys_at": DMCRYPT_KEYS}


class Options(argparse.ArgumentParser):
    """The options of a command that have a counterpart in C."""

    def __init__(self, single="", repeated="", flags=""):
        super().__init__(add_help=False, allow_abbrev=False)
        for action, names in (("store", single), ("append", repeated), ("store_true", flags)):
            for name in names.split():
                default = {"default": []} if action == "append" else {}
                self.add_argument(f"--{name}", action=action, **default)
        self.add_argument("-o")
        self.add_argument("--explain", action="store_true")

    def error(self, message):
        raise NotInC(message)

    def with_(self, *names, **options):
        self.add_argument(*names, **options)
        return self


PURPOSE = "for-kexec for-crash "
TREE = ("root arch command-line append kaslr-seed rng-seed ", "reserve overlay extra ",
        PURPOSE + "no-command-line reuse-cmdline ")


def with_tree(options):
    return options.with_("-i", "--dtb", dest="dtb").with_("--from", dest="origin", choices=["flat", "live"])


NUMBER = {"type": int, "default": 0}
COMMANDS = {
    "fix": (with_tree(Options(TREE[0] + "initrd-at elfcorehdr-at ima-buffer-at kho-fdt kho-scratch dmcryptkeys-at "
                              "backup-at", TREE[1] + "usable-memory set delete unreserve", TREE[2])), fix),
    "elfcorehdr": (Options("root arch vmcoreinfo kernel-text linear-map", "ram exclude cpu-notes")
                   .with_("--backup-at", dest="backup"), elfcorehdr),
    "plan": (with_tree(Options(TREE[0] + "elfcorehdr ima-list merge-dtb", TREE[1] + "kernel initrd exclude",
                               TREE[2] + "ima")).with_("--profile", **NUMBER).with_("--page-size", **NUMBER), plan),
    "check": (Options("root arch", flags=PURPOSE).with_("file"), check),
    "image": (Options().with_("file").with_("--profile", **NUMBER), image),
    "show": (Options("root").with_("--from", dest="origin", choices=["flat", "live"]), show),
    "capture": (Options("root", flags="measurements"), capture),
}


def files_of_check(words):
    """The options of a check, and its files."""
    options, files, rest = [], [], iter(words[1:])
    for word in rest:
        if word.startswith("-"):
            options += [word, next(rest, "")] if word in ("--root", "--arch") else [word]
        else:
            files.append(word)
    return options, files
