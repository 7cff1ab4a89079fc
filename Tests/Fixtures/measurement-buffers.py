#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes buffers of measurements, good and bad, out of lists that kernels wrote.

    measurement-buffers.py LISTS BUFFERS

Knows the formats from Linux 7.2 security/integrity/ima/ima.h and ima_fs.c, and nothing of dtfix.
"""
import hashlib, pathlib, struct, sys

lists, out = map(pathlib.Path, sys.argv[1:])
out.mkdir(exist_ok=True)

def split(data):
    """The measurements of a little-endian list."""
    entries, at = [], 0
    while at < len(data):
        name_size, = struct.unpack_from("<I", data, at + 24)
        end = at + 28 + name_size
        if data[at + 28:end] == b"ima":
            end += 24 + struct.unpack_from("<I", data, end + 20)[0]
        else:
            end += 4 + struct.unpack_from("<I", data, end)[0]
        entries.append(data[at:end])
        at = end
    return entries

def entry(name, fields, pcr=10, digest=None, extra=b"", data_size=None, name_size=None):
    data = b"".join(struct.pack("<I", len(field)) + field for field in fields) + extra
    digest = hashlib.sha1(data).digest() if digest is None else digest
    name = name.encode()
    return (struct.pack("<I20sI", pcr, digest, len(name) if name_size is None else name_size) + name
            + struct.pack("<I", len(data) if data_size is None else data_size) + data)

def buffer(entries, count=None, size=None, version=1, order="<", behind=b""):
    body = b"".join(entries)
    return struct.pack(order + "HHIQQ", version, 0, 0, 24 + len(body) if size is None else size,
                       len(entries) if count is None else count) + body + behind

def read(name): return split((lists / f"{name}.list").read_bytes())

sig = read("x86_64-ima-sig")
every = sum((read("x86_64-" + name) for name in
             ["ima-sig", "ima-buf", "ima-ngv2", "ima-sigv2", "ima-modsig", "evm-sig", "format"]), [])
n, size = len(sig), 24 + sum(map(len, sig))
file = [b"sha256:\0" + bytes(range(32)), b"/file\0"]
good = entry("ima-ng", file)
all_fields = "d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode"
buffers = {
    "good": buffer(sig),
    "every-template": buffer(every),
    "count-too-large": buffer(sig, count=n + 1),
    "count-too-small": buffer(sig, count=n - 1),
    "count-zero": buffer(sig, count=0),
    "count-huge": buffer(sig, count=2**64 - 2),
    "size-one-less": buffer(sig, size=size - 1),
    "size-of-header": buffer(sig, size=24),
    "size-zero": buffer(sig, size=0),
    "size-one-more": buffer(sig, size=size + 1, behind=b"\0"),
    "zeros-behind": buffer(sig, count=n + 1, size=size + 64, behind=bytes(64)),
    "version-2": buffer(sig, version=2),
    "big-endian": buffer(sig, order=">"),
    "legacy": buffer(read("x86_64-ima")),
    "legacy-in-between": buffer([good] + read("x86_64-ima") + [good]),
    "unknown-template": buffer([good, entry("ima-xx", file), good]),
    "unknown-field": buffer([good, entry("d-ng|x", file), good]),
    "format-of-a-name": buffer([good, entry("d-ng|n-ng", file), good]),
    "format-of-legacy": buffer([good, entry("d|n", [bytes(range(20)), b"/file\0"]), good]),
    "empty-field-name": buffer([good, entry("d-ng|", file), good]),
    "empty-name": buffer([good, entry("", file), good]),
    "name-of-68": buffer([good, entry(all_fields, file + [b"x"] * 7), good]),
    "name-of-69": buffer([good, entry("|".join(["iuid"] * 14), [b"\1\0\0\0"] * 14), good]),
    "fields-15": buffer([good, entry("|".join(["n-ng"] * 3 + ["n"] * 12), [b"a\0"] * 15), good]),
    "fields-16": buffer([good, entry("|".join(["n"] * 16), [b"a\0"] * 16), good]),
    "field-twice": buffer([good, entry("n-ng|n-ng", [b"a\0", b"b\0"]), good]),
    "field-missing": buffer([good, entry("ima-sig", file), good]),
    "field-too-many": buffer([good, entry("ima-ng", file + [b"x"]), good]),
    "byte-behind-fields": buffer([good, entry("ima-ng", file, extra=b"x"), good]),
    "data-size-one-less": buffer([good, entry("ima-ng", file, data_size=51), good]),
    "data-size-one-more": buffer([good, entry("ima-ng", file, data_size=53), good]),
    "data-size-huge": buffer([good, entry("ima-ng", file, data_size=2**32 - 1), good]),
    "name-size-huge": buffer([good, entry("ima-ng", file, name_size=2**32 - 1), good]),
    "empty-fields": buffer([good, entry("ima-sig", [b"", b"", b""]), good]),
    "register-huge": buffer([good, entry("ima-ng", file, pcr=2**32 - 1), good]),
    "violation": buffer([good, entry("ima-ng", file, digest=bytes(20)), good]),
}
for name, data in buffers.items():
    (out / f"{name}.buffer").write_bytes(data)
