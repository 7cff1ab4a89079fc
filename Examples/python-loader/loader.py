#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A loader for kexec on top of libdtfix, in Python alone: the first half binds dtfix.h, the second half is a program.

A dry run, unless it is told --really. Errors are one line and an exit code of sysexits.h, as dtfix has them.
"""
import argparse
import ctypes
import os
import sys
import tempfile
from ctypes import POINTER, byref, c_char_p, c_int, c_int32, c_size_t, c_uint32, c_uint64, c_void_p

# ---- dtfix.h ----

lib = ctypes.CDLL("libdtfix.so.1")

FOR_KEXEC, FOR_CRASH = 1, 2
NO_KASLR_SEED, NO_RNG_SEED, MEASUREMENTS = 1, 2, 32
KERNEL, INITRD, TREE, OVERLAY, COMMAND_LINE, EXTRA = 1, 2, 3, 4, 5, 8
CALLS = {None: 0, "kexec_load": 1, "kexec_file_load": 2}
# The same, as a kernel calls them; elsewhere such a number is another call.
CALL_NUMBERS = {"x86_64": (246, 320), "ppc64": (268, 382), "ppc64le": (268, 382), "s390x": (277, 381),
                "aarch64": (104, 294), "riscv64": (104, 294), "loongarch64": (104, 294)}


class Range(ctypes.Structure):
    _fields_ = [("start", c_uint64), ("size", c_uint64)]


class Versioned(ctypes.Structure):
    """A struct that begins with its size; what is not told is zero."""

    def __init__(self, **members):
        super().__init__(struct_size=ctypes.sizeof(self), **members)


class Finding(Versioned):
    _fields_ = [("struct_size", c_uint32), ("unused", c_uint32), ("place", c_char_p), ("text", c_char_p),
                ("rule", c_char_p)]


class Status(Versioned):
    _fields_ = [("struct_size", c_uint32), ("is_loaded", c_uint32), ("is_crash_loaded", c_uint32),
                ("has_kexec_load", c_uint32), ("has_kexec_file_load", c_uint32), ("is_locked_down", c_uint32),
                ("is_disabled", c_uint32), ("unused", c_uint32)]


class ImageInfo(Versioned):
    _fields_ = [("struct_size", c_uint32), ("is_packed", c_uint32), ("architecture", c_char_p), ("layers", c_char_p),
                ("kernel", c_void_p), ("kernel_size", c_size_t), ("memory_size", c_uint64), ("alignment", c_uint64),
                ("entry", c_uint64), ("initrd", c_void_p), ("initrd_size", c_size_t), ("command_line", c_char_p)]


class File(Versioned):
    _fields_ = [("struct_size", c_uint32), ("type", c_uint32), ("name", c_char_p), ("bytes", c_char_p),
                ("size", c_size_t), ("fd", c_int32), ("has_fd", c_uint32)]


class PlanOptions(Versioned):
    _fields_ = [("struct_size", c_uint32), ("purpose", c_uint32), ("flags", c_uint32), ("call", c_uint32),
                ("tree_origin", c_uint32), ("profile", c_uint32), ("status", POINTER(Status)),
                ("architecture", c_char_p), ("page_size", c_uint64), ("append", c_char_p),
                ("reservations", POINTER(Range)), ("reservation_count", c_size_t), ("excluded", POINTER(Range)),
                ("excluded_count", c_size_t), ("kaslr_seed", c_char_p), ("kaslr_seed_size", c_size_t),
                ("rng_seed", c_char_p), ("rng_seed_size", c_size_t)]


class PlanInfo(Versioned):
    _fields_ = [("struct_size", c_uint32), ("purpose", c_uint32), ("call", c_uint32), ("unused", c_uint32),
                ("reason", c_char_p), ("architecture", c_char_p), ("entry", c_uint64), ("flags", c_uint64),
                ("segment_count", c_size_t), ("kernel", c_void_p), ("kernel_size", c_size_t), ("initrd", c_void_p),
                ("initrd_size", c_size_t), ("command_line", c_char_p), ("command_line_size", c_size_t)]


class Segment(Versioned):
    _fields_ = [("struct_size", c_uint32), ("unused", c_uint32), ("name", c_char_p), ("bytes", c_void_p),
                ("size", c_size_t), ("memory", Range)]


class Failure(Exception):
    """What the library, or this program, did not do, and the exit code for it."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code if code >= 64 else os.EX_SOFTWARE
        self.library_code = code


class Handle(c_void_p):
    """A handle of the library, freed with this object; `kind` is its name in dtfix.h."""

    kind = ""

    def __del__(self):
        if self.value:
            getattr(lib, f"dtfix_{self.kind}_free")(byref(self))


def handle(name):
    getattr(lib, f"dtfix_{name}_free").restype = None
    return type(name, (Handle,), {"kind": name})


Error, Buffer, Report, Tree, Machine, Image, FileSet, Plan = map(
    handle, ["error", "buffer", "report", "tree", "machine", "image", "file_set", "plan"])

lib.dtfix_error_message.restype = c_char_p
lib.dtfix_buffer_bytes.restype = c_void_p
lib.dtfix_buffer_size.restype = lib.dtfix_report_finding_count.restype = c_size_t

# What functions take before the place for an error. Python checks nothing that is not told here.
SIGNATURES = {
    "read": [c_int, POINTER(Buffer)],
    "report_finding": [Report, c_size_t, POINTER(Finding)],
    "report_text": [Report, POINTER(Buffer)],
    "tree_open": [c_char_p, c_size_t, POINTER(Tree)],
    "tree_check": [Tree, c_uint32, c_char_p, POINTER(Report)],
    "machine_open": [c_char_p, POINTER(Machine)],
    "machine_status_read": [Machine, POINTER(Status)],
    "machine_capture": [Machine, c_uint32, POINTER(Buffer), POINTER(Report)],
    "core_header_check": [c_char_p, c_size_t, Machine, POINTER(Report)],
    "image_open": [c_char_p, c_size_t, c_uint32, POINTER(Image)],
    "image_info_read": [Image, POINTER(ImageInfo)],
    "file_set_new": [POINTER(FileSet)],
    "file_set_add": [FileSet, POINTER(File)],
    "plan_make": [FileSet, Machine, POINTER(PlanOptions), POINTER(Plan), POINTER(Report)],
    "plan_info_read": [Plan, POINTER(PlanInfo)],
    "plan_segment": [Plan, c_size_t, POINTER(Segment)],
    "plan_manifest": [Plan, POINTER(Buffer)],
    "plan_json": [Plan, POINTER(Buffer)],
}
for name, arguments in SIGNATURES.items():
    getattr(lib, f"dtfix_{name}").argtypes = arguments + [POINTER(Error)]


def call(function, *arguments):
    """Calls a function of the library; what it refuses is an exception."""
    error = Error()
    if getattr(lib, f"dtfix_{function}")(*arguments, byref(error)) != 0:
        raise Failure(lib.dtfix_error_code(error), lib.dtfix_error_message(error).decode())


def made(kind, function, *arguments):
    """What a function makes in its last place."""
    result = kind()
    call(function, *arguments, byref(result))
    return result


def contents(buffer):
    return ctypes.string_at(lib.dtfix_buffer_bytes(buffer), lib.dtfix_buffer_size(buffer))


def segments(plan):
    for index in range(made(PlanInfo, "plan_info_read", plan).segment_count):
        yield made(Segment, "plan_segment", plan, index)


# ---- The program ----


def visible(text):
    """Text of which some comes from files."""
    return "".join(c if c == "\n" or c.isprintable() else "?" for c in text)


def opened(path):
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        codes = {FileNotFoundError: os.EX_NOINPUT, PermissionError: os.EX_NOPERM}
        raise Failure(codes.get(type(error), os.EX_IOERR), f"{path}: {error.strerror}") from None


def write(path, data):
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(file, "wb") as output:
        output.write(data)
        output.flush()
        os.fsync(file)


def write_plan(folder, plan):
    """The folder that `dtfix plan -o` writes: all of it or nothing."""
    parent = os.path.dirname(os.path.abspath(folder))
    with tempfile.TemporaryDirectory(dir=parent) as place:
        new = os.path.join(place, "plan")
        os.mkdir(new, 0o700)
        for segment in segments(plan):
            write(os.path.join(new, segment.name.decode() + ".bin"), ctypes.string_at(segment.bytes, segment.size))
        write(os.path.join(new, "plan.json"), contents(made(Buffer, "plan_json", plan)))
        write(os.path.join(new, "manifest"), contents(made(Buffer, "plan_manifest", plan)))
        os.rename(new, folder)


def files_of(arguments):
    files = made(FileSet, "file_set_new")
    chosen = [(KERNEL, path, path) for path in arguments.kernel]
    chosen += [(INITRD, path, path) for path in arguments.initrd]
    chosen += [(TREE, path, path) for path in arguments.dtb]
    chosen += [(OVERLAY, path, path) for path in arguments.overlay]
    chosen += [(EXTRA, *extra.split("=", 1)) for extra in arguments.extra]
    for kind, name, path in chosen:
        fd = opened(path)
        try:
            call("file_set_add", files, File(type=kind, name=name.encode(), fd=fd, has_fd=1))
        finally:
            os.close(fd)
    if arguments.command_line is not None:
        line = arguments.command_line.encode()
        call("file_set_add", files, File(type=COMMAND_LINE, name=b"--command-line", bytes=line, size=len(line)))
    return files


def options_of(arguments, status):
    options = PlanOptions(
        purpose=FOR_CRASH if arguments.command == "load-crash" else FOR_KEXEC, call=CALLS[arguments.call],
        status=ctypes.pointer(status), append=arguments.append and arguments.append.encode(),
        flags=MEASUREMENTS if arguments.ima else 0)
    for name, none in [("kaslr_seed", NO_KASLR_SEED), ("rng_seed", NO_RNG_SEED)]:
        text = getattr(arguments, name)
        if text == "none":
            options.flags |= none
        elif text is not None:
            seed = bytes.fromhex(text.removeprefix("0x"))
            if not seed:
                raise ValueError("an empty seed")
            setattr(options, name, seed)
            setattr(options, name + "_size", len(seed))
    return options


def show(plan):
    info = made(PlanInfo, "plan_info_read", plan)
    for segment in segments(plan):
        memory = segment.memory
        print(f"segment {segment.name.decode():12} {memory.start:#x}+{memory.size:#x}, {segment.size} bytes")
    if info.call == CALLS["kexec_load"]:
        print(f"entry {info.entry:#x}")
    else:
        print(f"kernel {info.kernel_size} bytes")
        if info.initrd:
            print(f"initrd {info.initrd_size} bytes")
        print("command line " + visible((info.command_line or b"").decode(errors="replace")))


def load(arguments):
    """Everything is made and checked before anything is shown, and written before it is loaded."""
    machine = made(Machine, "machine_open", arguments.root and arguments.root.encode())
    status = Status()
    call("machine_status_read", machine, byref(status))
    plan, report = Plan(), Report()
    call("plan_make", files_of(arguments), machine, byref(options_of(arguments, status)), byref(plan), byref(report))
    print(visible(contents(made(Buffer, "report_text", report)).decode()), end="")
    show(plan)
    if arguments.o:
        write_plan(arguments.o, plan)
    if arguments.really:
        make_call(plan)
    else:
        print("nothing was loaded")


def make_call(plan):
    """kexec_load(2) or kexec_file_load(2); their numbers are the machine's."""
    machine = os.uname().machine
    if machine not in CALL_NUMBERS:
        raise Failure(os.EX_UNAVAILABLE, f"kexec: the numbers of its calls on {machine} are not known here")
    load_number, file_number = CALL_NUMBERS[machine]
    info = made(PlanInfo, "plan_info_read", plan)
    libc = ctypes.CDLL(None, use_errno=True)
    if info.call == CALLS["kexec_load"]:
        kept = list(segments(plan))
        table = (c_uint64 * (4 * len(kept)))()
        for index, piece in enumerate(kept):
            table[4 * index:4 * index + 4] = [piece.bytes, piece.size, piece.memory.start, piece.memory.size]
        result = libc.syscall(
            ctypes.c_long(load_number), c_uint64(info.entry), c_size_t(len(kept)), table, c_uint64(info.flags))
    else:
        kernel = memory_file("kernel", info.kernel, info.kernel_size)
        initrd = memory_file("initrd", info.initrd, info.initrd_size) if info.initrd else -1
        flags = (2 if info.purpose == FOR_CRASH else 0) | (0 if info.initrd else 4)
        result = libc.syscall(
            ctypes.c_long(file_number), c_int(kernel), c_int(initrd), c_size_t(info.command_line_size),
            c_char_p(info.command_line), c_uint64(flags))
    if result != 0:
        number = ctypes.get_errno()
        raise Failure(os.EX_NOPERM if number == 1 else os.EX_OSERR, f"kexec: {os.strerror(number)}")


def memory_file(name, start, size):
    """What was checked is what is loaded."""
    file = os.memfd_create(name)
    data = memoryview(ctypes.string_at(start, size))
    while data:
        data = data[os.write(file, data):]
    return file


def findings(name, report):
    """Prints them; whether there are any."""
    count = lib.dtfix_report_finding_count(report)
    for index in range(count):
        finding = made(Finding, "report_finding", report, index)
        rule = f" [{finding.rule.decode()}]" if finding.rule else ""
        print(visible(f"{name}: {finding.place.decode()}: {finding.text.decode()}{rule}"))
    return count > 0


def capture(arguments):
    machine = made(Machine, "machine_open", arguments.root and arguments.root.encode())
    archive, report = Buffer(), Report()
    call("machine_capture", machine, 0, byref(archive), byref(report))
    findings(arguments.o, report)
    write(arguments.o, contents(archive))


def has_core_header(blob):
    """Whether a tree that was checked is for a crash kernel: libfdt, which libdtfix has brought along, tells."""
    fdt = ctypes.CDLL("libfdt.so.1")
    fdt.fdt_getprop.restype = c_void_p
    chosen = fdt.fdt_path_offset(blob, b"/chosen")
    return chosen >= 0 and fdt.fdt_getprop(blob, chosen, b"linux,elfcorehdr", None) is not None


def check(arguments):
    fd = opened(arguments.file)
    try:
        data = contents(made(Buffer, "read", fd))
    finally:
        os.close(fd)
    try:
        return check_bytes(arguments, data)
    except Failure as failure:
        raise Failure(failure.library_code, f"{arguments.file}: {failure}") from None


def check_bytes(arguments, data):
    report = Report()
    if data[:4] == b"\xd0\x0d\xfe\xed":
        tree = made(Tree, "tree_open", data, len(data))
        purpose = FOR_CRASH if has_core_header(data) else FOR_KEXEC
        call("tree_check", tree, purpose, None, byref(report))
    elif data[:4] == b"\x7fELF" and sum(data[16:18]) == 4:  # ET_CORE
        machine = made(Machine, "machine_open", arguments.root.encode()) if arguments.root else None
        call("core_header_check", data, len(data), machine, byref(report))
    else:
        image = made(Image, "image_open", data, len(data), 0)
        info = made(ImageInfo, "image_info_read", image)
        print(visible(f"{info.layers.decode()} for {info.architecture.decode()}"))
        return 0
    return 1 if findings(arguments.file, report) else 0


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Failure(os.EX_USAGE, f"{message}\nsee loader.py --help")


def parsed(words):
    parser = Parser(prog="loader.py", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=Parser)
    for name in ["load", "load-crash"]:
        command = commands.add_parser(name, allow_abbrev=False)
        for option in ["--kernel", "--initrd", "--dtb", "--overlay", "--extra"]:
            command.add_argument(option, action="append", default=[])
        for option in ["--command-line", "--append", "--root", "--kaslr-seed", "--rng-seed", "-o"]:
            command.add_argument(option)
        command.add_argument("--call", choices=[name for name in CALLS if name])
        command.add_argument("--ima", action="store_true")
        command.add_argument("--really", action="store_true")
    command = commands.add_parser("capture", allow_abbrev=False)
    command.add_argument("--root")
    command.add_argument("-o", required=True)
    command = commands.add_parser("check", allow_abbrev=False)
    command.add_argument("--root")
    command.add_argument("file")
    arguments = parser.parse_args(words)
    if getattr(arguments, "really", False) and arguments.root:
        parser.error("--really: nothing is done to the machine of --root")
    if any("=" not in extra for extra in getattr(arguments, "extra", [])):
        parser.error("--extra: NAME=FILE")
    return arguments


def main():
    try:
        arguments = parsed(sys.argv[1:])
        return {"capture": capture, "check": check}.get(arguments.command, load)(arguments) or 0
    except Failure as failure:
        print(f"loader.py: {visible(str(failure))}", file=sys.stderr)
        return failure.code
    except OSError as error:
        print(f"loader.py: {visible(str(error))}", file=sys.stderr)
        return os.EX_CANTCREAT
    except ValueError:
        print("loader.py: a seed is pairs of hexadecimal digits, or none", file=sys.stderr)
        return os.EX_USAGE


if __name__ == "__main__":
    sys.exit(main())
