"""A stand-in for AWS's Python base image, made of this machine's own interpreter and the libraries it loads.

It has what SAM CLI and a function need and nothing else: the interpreter with its standard library, a shell and four commands
for SAM's own layer on top, and the runtime client (awslambdaric) and boto3 under /var/runtime, in the versions that the
project's lock names. The name it gets is a local one; the real image is AWS's alone, and this one proves the packaging and
the wiring of the functions, not the operating system under them.
"""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from stack.sam_local.workspace import Runtime

_COMMANDS = ("sh", "mv", "chmod", "cp", "rm")
_RUNTIME_DISTRIBUTIONS = (
    *("awslambdaric", "simplejson", "snapshot-restore-py"),
    *("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3"),
)
# Wheels for Linux may count on these being there (PEP 600), and Lambda's image has them.
_COMMON_LIBRARIES = (
    *("libgcc_s.so.1", "libstdc++.so.6", "libz.so.1", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1"),
)
_UNUSED_LIBRARY_FOLDERS = {"test", "tests", "idlelib", "tkinter", "turtledemo", "lib2to3", "ensurepip", "site-packages"}
_BOOTSTRAP = """\
#!/bin/sh
exec $AWS_LAMBDA_EXEC_WRAPPER {interpreter} -m awslambdaric "$_HANDLER"
"""
_LIBRARY_FOLDER = Path("/var/lang/lib")
# ldd's two kinds of line: "libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)" and "/lib64/ld-linux-x86-64.so.2 (0x…)".
_LIBRARY = re.compile(r"^\s+(\S+) => (/\S+) \(0x", re.MULTILINE)
_LINKER = re.compile(r"^\s+(/\S+) \(0x", re.MULTILINE)


def stand_in(folder: Path, runtime: Runtime) -> Path:
    """Return the image as a tar archive in ``folder``, made anew when the interpreter or a package in it changed."""
    archive = folder / f"python{runtime.python}-{runtime.architecture}-{_fingerprint()}.tar"
    if not archive.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        unfinished = archive.with_suffix(".part")
        with tarfile.open(unfinished, "w") as image:
            _fill(image, runtime)
        unfinished.rename(archive)
    return archive


def import_arguments(archive: Path, runtime: Runtime) -> list[str]:
    """Return the ``docker`` arguments that turn the archive into the image SAM CLI looks for."""
    site = f"lib/python{runtime.python}/site-packages"
    environ = {
        "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin",
        "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
        # The order in which Lambda searches: the function, the layer, the runtime's own packages.
        "PYTHONPATH": f"/var/task:/opt/python/{site}:/opt/python:/var/runtime",
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
    }
    changes = [f"ENV {name}={value}" for name, value in environ.items()] + ["WORKDIR /var/task"]
    return ["import", *(word for change in changes for word in ("--change", change)), str(archive), runtime.base_image]


def _fill(image: tarfile.TarFile, runtime: Runtime) -> None:
    interpreter = _interpreter()
    standard_library = Path(sysconfig.get_path("stdlib"))
    files = {
        interpreter: interpreter,
        **{file: file for file in _library_files(standard_library)},
        **{Path("/var/runtime") / name: file for name, file in _runtime_files()},
        **{Path("/bin") / name: _command(name) for name in _COMMANDS},
    }
    files.update(_libraries(file for file in files.values() if _is_native(file)))
    for folder, mode in (("tmp", 0o1777), ("var/task", 0o755), ("opt", 0o755), ("etc", 0o755), ("root", 0o700)):
        _add_folder(image, folder, mode)
    for place, file in sorted(files.items()):
        image.add(file.resolve(), arcname=str(place).lstrip("/"), recursive=False)
    _add_text(image, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nsbx_user1051:x:993:990::/tmp:/bin/sh\n", 0o644)
    _add_text(image, f"var/lang/bin/python{runtime.python}", f'#!/bin/sh\nexec {interpreter} "$@"\n', 0o755)
    _add_text(image, "var/runtime/bootstrap", _BOOTSTRAP.format(interpreter=interpreter), 0o755)


def _interpreter() -> Path:
    """Return the interpreter behind this environment's symbolic links."""
    return Path(sys.executable).resolve()


def _library_files(standard_library: Path) -> Iterator[Path]:
    for path in sorted(standard_library.iterdir()):
        if path.is_file():
            yield path
        elif path.name not in _UNUSED_LIBRARY_FOLDERS and not path.name.startswith("config-"):
            files = (file for file in sorted(path.rglob("*")) if file.is_file())
            yield from (file for file in files if not file.name.startswith("_tkinter"))  # it would bring all of X11


def _runtime_files() -> Iterator[tuple[str, Path]]:
    for name in _RUNTIME_DISTRIBUTIONS:
        for file in metadata.distribution(name).files or ():
            location = Path(str(file.locate()))
            if not str(file).startswith("..") and location.is_file():  # what starts so is a command in bin/
                yield str(file), location


def _command(name: str) -> Path:
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"this machine has no command {name}")
    return Path(found)


def _is_native(file: Path) -> bool:
    if file.suffix in {".py", ".pyc", ".json", ".gz"}:
        return False
    with file.open("rb") as opened:
        return opened.read(4) == b"\x7fELF"


def _libraries(binaries: Iterable[Path]) -> dict[Path, Path]:
    """Return what the dynamic linker loads for these binaries, by its place in the image.

    The linker keeps the absolute path that every binary names; all others come into one folder of LD_LIBRARY_PATH, as the
    image has no cache of the places that this machine's linker knows.
    """
    told = subprocess.run(["ldd", *map(str, binaries)], capture_output=True, text=True, check=False)
    found = {name: Path(path) for name, path in _LIBRARY.findall(told.stdout)}
    for folder in {library.parent for name, library in found.items() if name.startswith("libc.so")}:
        common = {name: folder / name for name in _COMMON_LIBRARIES if (folder / name).exists()}
        found = {**common, **found}
    linkers = {Path(path): Path(path) for path in _LINKER.findall(told.stdout)}
    return {**{_LIBRARY_FOLDER / name: library for name, library in found.items()}, **linkers}


def _fingerprint() -> str:
    versions = [f"{name}=={metadata.version(name)}" for name in _RUNTIME_DISTRIBUTIONS]
    recipe = Path(__file__).read_bytes()
    named = "\n".join([sys.version, str(_interpreter()), *versions]).encode()
    return hashlib.sha256(recipe + named).hexdigest()[:12]


def _add_folder(image: tarfile.TarFile, name: str, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.type = tarfile.DIRTYPE
    entry.mode = mode
    image.addfile(entry)


def _add_text(image: tarfile.TarFile, name: str, text: str, mode: int) -> None:
    content = text.encode()
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    entry.mode = mode
    image.addfile(entry, io.BytesIO(content))
