# SPDX-License-Identifier: GPL-2.0-or-later
"""A package that comes as a zip, unpacked with care: no path out of the folder, no bomb, names of a Chinese Windows."""

from __future__ import annotations

import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from ....errors import InputError
from ..names import name_problem, recogniser
from ..problems import NAMED
from ..target.hashes import MANIFEST
from ..target.lock import LOCK, reading

#: A file that grows more than this on unpacking, beyond a size that does not matter, is no data of a plan.
_RATIO, _HARMLESS = 200, 50 * 2**20
#: Files of an archive at most.
_MOST_FILES = 100_000
_UTF8 = 0x800
#: What may lie beside a package and is no part of it.
_BESIDE = ("__MACOSX", "desktop.ini", "Thumbs.db", ".DS_Store")
_CHUNK = 2**20


@contextmanager
def unpacked(path: Path, check: Callable[[], None] = lambda: None, root: str = "") -> Iterator[Path]:
    """The package's own folder: the folder given, or the one in a zip, unpacked until the block ends. ``root``: what the form
    calls a package, with placeholders.

    InputError: not there, several packages, somebody exports to it at this moment, no zip, damaged, encrypted, with paths
    that climb out, too large unpacked.
    """
    if path.is_dir():
        inner = _inner(path)
        _only_one(inner, path, root)
        with reading(inner):
            yield inner
        return
    if not path.is_file():
        raise InputError("source_missing", source=str(path))
    if path.suffix.lower() != ".zip" or not zipfile.is_zipfile(path):
        raise InputError("package_no_zip", source=path.name)
    with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        target = Path(folder) / path.stem
        target.mkdir()
        try:
            with zipfile.ZipFile(path) as archive:
                _unpack(archive, path, target, check)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
            if isinstance(error, OSError) and shutil.disk_usage(folder).free < 2**20:
                raise InputError("package_zip_no_space", source=path.name) from error
            raise InputError("package_zip_damaged", source=path.name) from error
        inner = _inner(target)
        _only_one(inner, path, root)
        yield inner


def _inner(folder: Path) -> Path:
    """A folder that holds nothing but the package's own stands for it."""
    inside = [p for p in folder.iterdir() if p.name not in _BESIDE and not p.name.endswith(LOCK)]
    alone = len(inside) == 1 and inside[0].is_dir() and inside[0].suffix.lower() != ".gdb"
    return inside[0] if alone and not inside[0].is_symlink() else folder


def _only_one(folder: Path, path: Path, root: str) -> None:
    """InputError for a folder that is no package but holds several: looked at as one, everything in it would be misplaced."""
    if (folder / MANIFEST).is_file():
        return
    called = recogniser(root, {}).fullmatch
    inside = sorted(p for p in folder.iterdir() if p.is_dir() and not p.is_symlink())
    named = root and not called(folder.name)
    several = [p.name for p in inside if (p / MANIFEST).is_file() or (named and called(p.name))]
    if len(several) > 1:
        shown = ", ".join(several[:NAMED]) + (" …" if len(several) > NAMED else "")
        raise InputError("package_several", source=path.name, count=len(several), names=shown)


def _unpack(archive: zipfile.ZipFile, path: Path, target: Path, check: Callable[[], None]) -> None:
    infos = archive.infolist()
    if len(infos) > _MOST_FILES:
        raise InputError("package_zip_bomb", source=path.name, size=len(infos))
    # Many small bombs are a large one.
    size = sum(info.file_size for info in infos)
    if size > max(_HARMLESS, _RATIO * path.stat().st_size):
        raise InputError("package_zip_bomb", source=path.name, size=size)
    if size > shutil.disk_usage(target).free:
        raise InputError("package_zip_no_space", source=path.name)
    taken: set[str] = set()
    codec = _codec(infos)
    for info in infos:
        check()
        name = _name(info, codec)
        place = target.joinpath(*_parts(info, name, path))
        if info.flag_bits & 1:
            raise InputError("package_zip_encrypted", source=path.name)
        if info.file_size > max(_HARMLESS, _RATIO * info.compress_size):
            raise InputError("package_zip_bomb", source=path.name, size=info.file_size)
        # .NET ended the names of folders in a backslash for years.
        if name.endswith(("/", "\\")):
            place.mkdir(parents=True, exist_ok=True)
            continue
        # Windows takes 图.JPG and 图.jpg for one: the second would be written over the first.
        if str(place).lower() in taken:
            raise InputError("package_zip_twice", source=path.name, name=name)
        taken.add(str(place).lower())
        place.parent.mkdir(parents=True, exist_ok=True)
        _write(archive, info, place, path)


def _parts(info: zipfile.ZipInfo, name: str, path: Path) -> tuple[str, ...]:
    """Where an entry goes. InputError for a link, a path that leads elsewhere, and names that not every system takes."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    link = stat.S_ISLNK(info.external_attr >> 16)
    if link or not parts or any(part == ".." or part.startswith("/") or ":" in part for part in parts):
        raise InputError("package_zip_climbs", source=path.name, name=name)
    for part in parts:
        problem = name_problem(part)
        if problem in ("name_characters", "name_reserved", "name_end"):
            raise InputError("package_zip_name", source=path.name, name=name, detail=problem)
    return parts


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, place: Path, path: Path) -> None:
    """Not more than was promised: the sizes that an archive tells may be lies."""
    written = 0
    with archive.open(info) as source, place.open("wb") as handle:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > info.file_size:
                raise InputError("package_zip_bomb", source=path.name, size=written)
            handle.write(chunk)


def _bytes(info: zipfile.ZipInfo) -> bytes:
    """A name as it stands in the archive: what has no mark for UTF-8, zipfile takes for cp437."""
    return b"" if info.flag_bits & _UTF8 else info.orig_filename.encode("cp437", errors="replace")


def _codec(infos: Iterable[zipfile.ZipInfo]) -> str:
    """The codec of names without a mark: a Chinese Windows writes GBK, macOS UTF-8. Asked of all names together, for a word
    or two of GBK may pass for UTF-8; Chinese characters come out only where it was that."""
    try:
        foreign = [c for c in b"".join(map(_bytes, infos)).decode("utf-8") if not c.isascii()]
    except UnicodeDecodeError:
        return "gbk"
    return "utf-8" if 2 * sum("\u4e00" <= c <= "\u9fff" for c in foreign) > len(foreign) else "gbk"


def _name(info: zipfile.ZipInfo, codec: str) -> str:
    if info.flag_bits & _UTF8:
        return info.filename
    try:
        return _bytes(info).decode(codec)
    except UnicodeDecodeError:
        return info.filename
