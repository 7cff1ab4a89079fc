#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A loader for kexec on top of libdtfix: the first half binds dtfix.h, the second half is a program.

Loads only with --really. Errors and exit codes are those of dtfix.
"""
import argparse
import ctypes
import os
import sys
from ctypes import byref, c_char_p, c_int, c_long, c_size_t, c_uint32, c_uint64, c_void_p

# ---- dtfix.h ----

lib = ctypes.CDLL("libdtfix.so.1")

FOR_KEXEC, FOR_CRASH = 1, 2
NO_SEED = {"kaslr_seed": 1, "rng_seed": 2}
HAND_OVER_IMA = 32
KERNEL, INITRD, TREE, OVERLAY, COMMAND_LINE, EXTRA = 1, 2, 3, 4, 5, 8
CALLS = {None: 0, "kexec_load": 1, "kexec_file_load": 2}

KINDS = {"int": c_int, "u32": c_uint32, "u64": c_uint64, "size": c_size_t, "text": c_char_p, "pointer": c_void_p}


def struct(*members):
    """A struct with struct_size and members as "KIND NAME ..."; the default of each is zero."""
    fields = [("struct_size", c_uint32)]
    for kind, *names in map(str.split, members):
        fields += [(name, KINDS[kind]) for name in names]

    def __init__(self, **values):
        ctypes.Structure.__init__(self, struct_size=ctypes.sizeof(self), **values)

    return type("Struct", (ctypes.Structure,), {"_fields_": fields, "__init__": __init__})


Finding = struct("u32 unused", "text place text rule")
Status = struct("u32 is_loaded is_crash_loaded has_kexec_load has_kexec_file_load is_locked_down is_disabled unused")
ImageInfo = struct("u32 is_packed", "text architecture layers", "pointer kernel", "size kernel_size",
                   "u64 memory_size alignment entry", "pointer initrd", "size initrd_size", "text command_line")
File = struct("u32 type", "text name bytes", "size size", "int fd", "u32 has_fd")
PlanOptions = struct("u32 purpose flags call tree_origin profile", "pointer status", "text architecture",
                     "u64 page_size", "text append", "pointer reservations", "size reservation_count",
                     "pointer excluded", "size excluded_count", "text kaslr_seed", "size kaslr_seed_size",
                     "text rng_seed", "size rng_seed_size")
PlanInfo = struct("u32 purpose call unused", "text reason architecture", "u64 entry flags", "size segment_count",
                  "pointer kernel", "size kernel_size", "pointer initrd", "size initrd_size", "text command_line",
                  "size command_line_size")
Segment = struct("u32 unused", "text name", "pointer bytes", "size size", "u64 memory_start memory_size")


class Handle(c_void_p):
    """A handle, freed with this object."""

    def __del__(self):
        if self.value:
            getattr(lib, f"dtfix_{self.kind}_free")(byref(self))


Error, Buffer, Report, Tree, Machine, Image, FileSet, Plan = [
    type(kind, (Handle,), {"kind": kind})
    for kind in ("error", "buffer", "report", "tree", "machine", "image", "file_set", "plan")]
lib.dtfix_error_message.restype = c_char_p
lib.dtfix_buffer_bytes.restype = c_void_p
lib.dtfix_buffer_size.restype = lib.dtfix_report_finding_count.restype = c_size_t


class Failure(Exception):
    """A message and an exit code; a wrong call of the library is a fault of this program."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code if code >= 64 else os.EX_SOFTWARE


def call(function, *arguments):
    """Calls a function of the library, or raises Failure. No integer argument is wider than size_t."""
    error = Error()
    wide = [c_size_t(value) if isinstance(value, int) else value for value in arguments]
    if getattr(lib, f"dtfix_{function}")(*wide, byref(error)) != 0:
        raise Failure(lib.dtfix_error_code(error), lib.dtfix_error_message(error).decode())


def made(kind, function, *arguments):
    """The result of a function that makes it, or fills it in, as the last argument before the error."""
    result = kind()
    call(function, *arguments, byref(result))
    return result


def contents(buffer):
    return ctypes.string_at(lib.dtfix_buffer_bytes(buffer), lib.dtfix_buffer_size(buffer))


def segments(plan):
    count = made(PlanInfo, "plan_info_read", plan).segment_count
    return [made(Segment, "plan_segment", plan, index) for index in range(count)]


# ---- The program ----


def visible(text):
    """Text that may come from a file, without control characters."""
    return "".join(c if c == "\n" or c.isprintable() else "?" for c in text)


def with_file(path, use):
    """Opens a file and passes its descriptor to `use`."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        codes = {FileNotFoundError: os.EX_NOINPUT, PermissionError: os.EX_NOPERM}
        raise Failure(codes.get(type(error), os.EX_IOERR), f"{path}: {error.strerror}") from None
    try:
        return use(fd)
    finally:
        os.close(fd)


def write(path, data):
    """Writes a new file with mode 0600."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as output:
        output.write(data)
        output.flush()
        os.fsync(output.fileno())


def write_plan(folder, plan):
    """Writes the folder that `dtfix plan -o` writes. The manifest is last: a folder without it is not a plan."""
    os.mkdir(folder, 0o700)
    for segment in segments(plan):
        write(os.path.join(folder, f"{segment.name.decode()}.bin"), ctypes.string_at(segment.bytes, segment.size))
    write(os.path.join(folder, "plan.json"), contents(made(Buffer, "plan_json", plan)))
    write(os.path.join(folder, "manifest"), contents(made(Buffer, "plan_manifest", plan)))


def files_of(arguments):
    files = made(FileSet, "file_set_new")
    lists = {KERNEL: arguments.kernel, INITRD: arguments.initrd, TREE: arguments.dtb, OVERLAY: arguments.overlay}
    chosen = [(kind, path, path) for kind, paths in lists.items() for path in paths]
    for kind, name, path in chosen + [(EXTRA, *extra.split("=", 1)) for extra in arguments.extra]:
        with_file(path, lambda fd: call(
            "file_set_add", files, byref(File(type=kind, name=name.encode(), fd=fd, has_fd=1))))
    if arguments.command_line is not None:
        line = arguments.command_line.encode()
        call("file_set_add", files,
             byref(File(type=COMMAND_LINE, name=b"--command-line", bytes=line, size=len(line))))
    return files


def options_of(arguments, status):
    options = PlanOptions(
        purpose=FOR_CRASH if arguments.command == "load-crash" else FOR_KEXEC, call=CALLS[arguments.call],
        status=ctypes.addressof(status), append=arguments.append and arguments.append.encode(),
        flags=HAND_OVER_IMA if arguments.ima else 0)
    for name, flag in NO_SEED.items():
        text = getattr(arguments, name)
        if text == "none":
            options.flags |= flag
        elif text is not None:
            seed = bytes.fromhex(text.removeprefix("0x"))
            if not seed:
                raise ValueError("the seed is empty")
            setattr(options, name, seed)
            setattr(options, name + "_size", len(seed))
    return options


def show(plan, info):
    for segment in segments(plan):
        place = f"{segment.memory_start:#x}+{segment.memory_size:#x}"
        print(f"segment {segment.name.decode():12} {place}, {segment.size} bytes")
    if info.call == CALLS["kexec_load"]:
        print(f"entry {info.entry:#x}")
    else:
        print(f"kernel {info.kernel_size} bytes")
        if info.initrd:
            print(f"initrd {info.initrd_size} bytes")
        print("command line " + visible((info.command_line or b"").decode(errors="replace")))


def machine_of(root):
    return made(Machine, "machine_open", root and root.encode())


def load(arguments):
    """Makes and checks the whole plan before showing, writing or loading any of it."""
    machine = machine_of(arguments.root)
    status = made(Status, "machine_status_read", machine)
    plan, report = Plan(), Report()
    call("plan_make", files_of(arguments), machine, byref(options_of(arguments, status)), byref(plan), byref(report))
    info = made(PlanInfo, "plan_info_read", plan)
    print(visible(contents(made(Buffer, "report_text", report)).decode()), end="")
    show(plan, info)
    if arguments.o:
        write_plan(arguments.o, plan)
    if arguments.really:
        make_call(plan, info)
    else:
        print("nothing was loaded")


# The numbers of kexec_load(2) and kexec_file_load(2) on each machine.
CALL_NUMBERS = {"x86_64": (246, 320), "ppc64": (268, 382), "ppc64le": (268, 382), "s390x": (277, 381),
                "aarch64": (104, 294), "riscv64": (104, 294), "loongarch64": (104, 294)}


def make_call(plan, info):
    machine = os.uname().machine
    if machine not in CALL_NUMBERS:
        raise Failure(os.EX_UNAVAILABLE, f"kexec: unknown system call numbers for {machine}")
    load_number, file_number = map(c_long, CALL_NUMBERS[machine])
    libc = ctypes.CDLL(None, use_errno=True)
    if info.call == CALLS["kexec_load"]:
        rows = [(part.bytes, part.size, part.memory_start, part.memory_size) for part in segments(plan)]
        table = (c_uint64 * (4 * len(rows)))(*(word for row in rows for word in row))
        result = libc.syscall(load_number, c_uint64(info.entry), c_size_t(len(rows)), table, c_uint64(info.flags))
    else:
        kernel = memory_file("kernel", info.kernel, info.kernel_size)
        initrd = memory_file("initrd", info.initrd, info.initrd_size) if info.initrd else -1
        flags = (2 if info.purpose == FOR_CRASH else 0) | (0 if info.initrd else 4)
        result = libc.syscall(file_number, c_int(kernel), c_int(initrd), c_size_t(info.command_line_size),
                              c_char_p(info.command_line), c_uint64(flags))
    if result != 0:
        number = ctypes.get_errno()
        raise Failure(os.EX_NOPERM if number == 1 else os.EX_OSERR, f"kexec: {os.strerror(number)}")


def memory_file(name, start, size):
    """A file in memory, which no other process can change before the kernel reads it."""
    file = os.memfd_create(name)
    data = memoryview(ctypes.string_at(start, size))
    while data:
        data = data[os.write(file, data):]
    return file


def findings(name, report):
    """Prints the findings of a report; returns whether there are any."""
    count = lib.dtfix_report_finding_count(report)
    for index in range(count):
        finding = made(Finding, "report_finding", report, index)
        rule = f" [{finding.rule.decode()}]" if finding.rule else ""
        print(visible(f"{name}: {finding.place.decode()}: {finding.text.decode()}{rule}"))
    return count > 0


def capture(arguments):
    archive, report = Buffer(), Report()
    call("machine_capture", machine_of(arguments.root), 0, byref(archive), byref(report))
    findings(arguments.o, report)
    write(arguments.o, contents(archive))


def is_for_crash(blob):
    """Whether a valid tree has an elfcorehdr, by libfdt, which is loaded with libdtfix."""
    fdt = ctypes.CDLL("libfdt.so.1")
    fdt.fdt_getprop.restype = c_void_p
    chosen = fdt.fdt_path_offset(blob, b"/chosen")
    return chosen >= 0 and fdt.fdt_getprop(blob, chosen, b"linux,elfcorehdr", None) is not None


def check(arguments):
    data = with_file(arguments.file, lambda fd: contents(made(Buffer, "read", fd)))
    report = Report()
    try:
        if data[:4] == b"\xd0\x0d\xfe\xed":
            tree = made(Tree, "tree_open", data, len(data))
            call("tree_check", tree, FOR_CRASH if is_for_crash(data) else FOR_KEXEC, None, byref(report))
        elif data[:4] == b"\x7fELF" and sum(data[16:18]) == 4:  # ET_CORE
            machine = machine_of(arguments.root) if arguments.root else None
            call("elfcorehdr_check", data, len(data), machine, byref(report))
        else:
            image = made(Image, "image_open", data, len(data), 0)
            info = made(ImageInfo, "image_info_read", image)
            print(visible(f"{info.layers.decode()} for {info.architecture.decode()}"))
    except Failure as failure:
        raise Failure(failure.code, f"{arguments.file}: {failure}") from None
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
        parser.error("--really: not with --root")
    if any("=" not in extra for extra in getattr(arguments, "extra", [])):
        parser.error("--extra: NAME=FILE")
    return arguments


def main():
    try:
        arguments = parsed(sys.argv[1:])
        return {"capture": capture, "check": check}.get(arguments.command, load)(arguments) or 0
    except Failure as failure:
        message, code = str(failure), failure.code
    except OSError as error:
        message, code = str(error), os.EX_CANTCREAT
    except ValueError:
        message, code = "a seed is pairs of hexadecimal digits, or none", os.EX_USAGE
    print(f"loader.py: {visible(message)}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
