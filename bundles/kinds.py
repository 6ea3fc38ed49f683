"""The kinds: what a file is, by its name and by its bytes, where that is something that no bundle may hold."""

import pickletools
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

HEAD = 1 << 16
"""Bytes at a file's beginning that are looked at."""

SUFFIXES = {
    **dict.fromkeys((".pkl", ".pickle", ".p", ".joblib", ".dill", ".cloudpickle", ".skops"), "a pickle"),
    **dict.fromkeys((".py", ".pyw", ".pyx", ".ipynb"), "Python code"),
    **dict.fromkeys((".pyc", ".pyo"), "compiled Python code"),
    **dict.fromkeys((".so", ".dll", ".dylib", ".pyd", ".exe", ".a", ".o", ".ko"), "machine code"),
    **dict.fromkeys((".class", ".jar", ".war"), "Java code"),
    **dict.fromkeys((".sh", ".bash", ".bat", ".cmd", ".ps1", ".js", ".mjs", ".vbs", ".rb", ".pl", ".lua"), "a script"),
    **dict.fromkeys((".wasm",), "WebAssembly"),
    **dict.fromkeys((".whl", ".egg", ".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z"), "an archive"),
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".h5", ".keras", ".pmml"), "another format's model"),
}
"""What no file of a bundle may be called, with the kind that it would be."""

MAGICS = {
    b"\x7fELF": "machine code (ELF)",
    b"\xfe\xed\xfa\xce": "machine code (Mach-O)",
    b"\xfe\xed\xfa\xcf": "machine code (Mach-O)",
    b"\xce\xfa\xed\xfe": "machine code (Mach-O)",
    b"\xcf\xfa\xed\xfe": "machine code (Mach-O)",
    b"\xca\xfe\xba\xbe": "Java code, or machine code (Mach-O)",
    b"\0asm": "WebAssembly",
    b"PK\3\4": "an archive (ZIP)",
    b"PK\5\6": "an archive (ZIP)",
    b"\x1f\x8b\x08": "compressed (gzip)",
    b"\xfd7zXZ\0": "compressed (xz)",
    b"\x28\xb5\x2f\xfd": "compressed (Zstandard)",
    b"\x04\x22\x4d\x18": "compressed (LZ4)",
    b"7z\xbc\xaf\x27\x1c": "an archive (7z)",
    b"#!/": "a script",
    b"#! /": "a script",
}
"""How a file begins that no bundle may hold."""

PYC_FLAGS = (b"\0\0\0\0", b"\1\0\0\0", b"\3\0\0\0")
"""The flags of compiled Python code: made by time, or by a hash that is checked or not (PEP 552)."""
PYC_CODE = (b"\xe3", b"\x63")
"""How the code in it begins: marshal's ``c``, with or without the mark of what may be referred to again."""

CALLS = {"GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "REDUCE", "BUILD", "EXT1", "EXT2", "EXT4"}
"""The steps of a pickle that run code."""
ENOUGH = 8
"""Steps after which what begins as a pickle is one; numbers that look like so many are not met."""


def forbidden_name(path: str) -> str | None:
    """What a file of that name would be, where no bundle may hold it.

    >>> forbidden_name("model/weights.SO.1")
    'machine code'
    """
    suffixes = PurePosixPath(path.lower()).suffixes
    return next((SUFFIXES[suffix] for suffix in suffixes if suffix in SUFFIXES), None)


def forbidden_content(head: bytes, size: int) -> str | None:
    """What a file of ``size`` bytes is that begins with ``head``, where no bundle may hold it.

    ``head`` is its first ``HEAD`` bytes, or all of them.
    """
    for magic, kind in MAGICS.items():
        if head.startswith(magic):
            return kind
    if head.startswith(b"MZ") and head[int.from_bytes(head[60:64], "little") :].startswith(b"PE\0\0"):
        return "machine code (PE)"
    if head.startswith(b"BZh") and head[4:10] == b"1AY&SY":
        return "compressed (bzip2)"
    if head[2:4] == b"\r\n" and head[4:8] in PYC_FLAGS and head[16:17] in PYC_CODE:
        return "compiled Python code"
    if _is_pickle(head, size) or _is_compressed_pickle(head):
        return "a pickle"
    return None


def _is_pickle(head: bytes, size: int) -> bool:
    """Whether the bytes are steps of a pickle: of its newer protocols, or ones that run code."""
    newer = head[:1] == b"\x80" and head[1:2] in (b"\2", b"\3", b"\4", b"\5")
    calls, steps = False, 0
    for name, following in _steps(head):
        calls, steps = calls or name in CALLS, steps + 1
        if name == "STOP":
            return newer or (calls and following == size)
        if steps >= ENOUGH and newer:
            return True
    return calls and len(head) < size and steps >= ENOUGH


def _steps(head: bytes) -> Iterator[tuple[str, int]]:
    """The steps that ``head`` says as a pickle, each with where the next one begins, as far as it is one."""
    try:
        for step, _, position in pickletools.genops(head):
            yield step.name, (0 if position is None else position) + 1
    except (ValueError, UnicodeError, IndexError, OverflowError):
        return


def _is_compressed_pickle(head: bytes) -> bool:
    """Whether it is one as joblib compresses it, unless it is told how."""
    if head[:1] != b"\x78":
        return False
    try:
        inner = zlib.decompressobj().decompress(head, HEAD)
    except zlib.error:
        return False
    return _is_pickle(inner, -1)
