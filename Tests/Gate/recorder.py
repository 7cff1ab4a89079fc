# SPDX-License-Identifier: Apache-2.0
"""Runs programs in one folder, and writes down what each of them did."""
import os
import pathlib
import re
import shlex
import subprocess
import threading

# Nothing of the caller's environment reaches what is compared.
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "COLUMNS": "100", "SWIFT_BACKTRACE": "enable=no",
               "PYTHONDONTWRITEBYTECODE": "1"}


class Recorder:
    """Every run has a name, a path below `made/`. There is NAME.txt, with the command, the exit code and what was
    said, and what the program wrote to NAME.* (the word OUT of a command stands for made/NAME).
    """

    def __init__(self, place, programs):
        """`programs` are those under test, by the names that commands call them by."""
        self.place = pathlib.Path(place)
        (self.place / "bin").mkdir()
        for name, path in programs.items():
            (self.place / "bin" / name).symlink_to(pathlib.Path(path).resolve())
        self.environment = ENVIRONMENT | {"PATH": f"{self.place}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                          "LD_LIBRARY_PATH": f"{self.place}/lib"}
        self.names = set()
        self.lock = threading.Lock()

    def run(self, name, program, *words, stdin=None):
        """Runs a program; `stdin` is a path that it reads, else nothing is there. Returns made/NAME."""
        with self.lock:
            assert name not in self.names, f"{name}: two runs of one name"
            self.names.add(name)
        out = f"made/{name}"
        words = [program] + [str(word).replace("OUT", out) for word in words]
        (self.place / out).parent.mkdir(parents=True, exist_ok=True)
        with open(self.place / stdin if stdin else os.devnull, "rb") as source:
            try:
                result = subprocess.run(
                    words, cwd=self.place, stdin=source, capture_output=True, env=self.environment, timeout=300)
                status, said = result.returncode, [("stdout", result.stdout), ("stderr", result.stderr)]
            except subprocess.TimeoutExpired:
                status, said = "never", []
        self._write(out, words + (["<", stdin] if stdin else []), status, said)
        return out

    def each(self, folder, program, base, lines):
        """Runs a program once for each line of words, which are the name, too."""
        for name, line in named(lines).items():
            self.run(f"{folder}/{name}", program, *base, *shlex.split(line))

    def exists(self, path):
        return (self.place / path).exists()

    def paths(self, *patterns):
        """Files by patterns of their paths, sorted."""
        return [str(path.relative_to(self.place)) for pattern in patterns for path in sorted(self.place.glob(pattern))]

    def _write(self, out, words, status, said):
        parts = [f"$ {' '.join(map(quoted, words))}\nexit {status}\n"]
        for title, data in said:
            if data and (text := text_of(data)) is None:
                (self.place / f"{out}.{title}").write_bytes(data)
            elif data:
                parts.append(f"--- {title}\n{text}")
        if files := self._files(out):
            parts.append("--- files\n" + "".join(files))
        (self.place / f"{out}.txt").write_bytes("".join(parts).encode())

    def _files(self, out):
        """Mode, size and name of everything that was made."""
        path = self.place / out
        lines = []
        for top in sorted(path.parent.glob(path.name + ".*")):
            for file in [top, *sorted(top.rglob("*"))]:
                status = file.lstat()
                size = "folder" if file.is_dir() else status.st_size
                lines.append(f"{status.st_mode & 0o7777:04o} {size} {file.relative_to(path.parent)}\n")
        return lines


def text_of(data):
    """Bytes as text; nothing for what is no text."""
    try:
        return None if b"\0" in data else data.decode()
    except UnicodeDecodeError:
        return None


def quoted(word):
    """As a shell takes it, on one line."""
    plain = word and all(c.isalnum() or c in "-_=+.,:/@%<" for c in word)
    return word if plain else "'" + word.replace("'", "'\\''").replace("\n", "\\n") + "'"


def label(path):
    """The last part of a path, as the last part of a name."""
    return path.split("/")[-1].replace(".", "-")


def named(lines):
    """Lines by what is left of them for the last part of a name."""
    names = {}
    for line in lines:
        name = short = re.sub(r"[^A-Za-z0-9@=+,_-]+", "-", line).strip("-")[:80] or "nothing"
        number = 1
        while name in names:
            number += 1
            name = f"{short}~{number}"
        names[name] = line
    return names
