# SPDX-License-Identifier: GPL-2.0-or-later
"""A package that comes as a zip, unpacked with care: no path out of the folder, no bomb, names of a Chinese Windows."""

from __future__ import annotations

import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from ...cancellation import NEVER, Cancellation
from ...errors import InputError
from ...files.digests import MANIFEST, files_below, is_link
from ...files.writing import os_reason
from ..folder import LOCK, lock_for_reading
from ..names import make_name_matcher, name_problem
from ..problems import NAMED
from ..slot_files import is_stray

#: A file that grows more than this on unpacking, beyond a size that does not matter, is no data of a plan.
_RATIO, _HARMLESS = 200, 50 * 2**20
#: Files of an archive at most.
_MOST_FILES = 100_000
_UTF8 = 0x800
#: Folders within folders that are looked into for a package.
_DEEPEST = 4
_ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".gz", ".tgz")
#: What may lie beside a package and is no part of it.
_BESIDE = ("__MACOSX", "desktop.ini", "Thumbs.db", ".DS_Store")
_CHUNK = 2**20


@contextmanager
def unpack_package(
    path: Path,
    cancellation: Cancellation = NEVER,
    root: str = "",
    folders: Collection[str] = (),
    most: int = _MOST_FILES,
) -> Iterator[Path]:
    """The package's own folder: the folder given or the only package below it, or that in a zip, unpacked until the block
    ends. ``root``: what the form calls a package, with placeholders; ``folders``: how it calls those in it.

    InputError: not there, empty, several packages, only archives, a folder out of a package, somebody exports to it at this
    moment, more than ``most`` entries, no zip, one with other bytes before it, damaged, encrypted, with paths that climb out, too large unpacked.
    """
    known = _Known(root, folders)
    if path.is_dir():
        if not known.by_content(path) and (path.absolute().parent / MANIFEST).is_file():
            raise InputError("package_part_of_one", source=path.name, package=path.absolute().parent.name)
        _count(path, most, cancellation)
        inner = _inner(path, path, known, cancellation)
        with lock_for_reading(inner):
            yield inner
        return
    if not path.is_file():
        raise InputError("source_missing", source=str(path))
    if path.suffix.lower() != ".zip" or not zipfile.is_zipfile(path):
        raise InputError("package_no_zip", source=path.name)
    if before := _before(path):
        raise InputError("package_zip_head", source=path.name, count=before)
    with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        target = Path(folder) / path.stem
        target.mkdir()
        try:
            with zipfile.ZipFile(path) as archive:
                _unpack(archive, path, target, cancellation, most)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
            if isinstance(error, OSError) and shutil.disk_usage(folder).free < 2**20:
                raise InputError("package_zip_no_space", source=path.name) from error
            raise InputError("package_zip_damaged", source=path.name) from error
        yield _inner(target, path, known, cancellation)


def _before(path: Path) -> int:
    """Bytes before an archive's own beginning, as one has that unpacks itself: a program, that runs when it is opened."""
    try:
        with zipfile.ZipFile(path) as archive:
            starts = [info.header_offset for info in archive.infolist()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        # That it is damaged is told when it is unpacked.
        return 0
    return min(starts, default=0)


class _Known:
    """Tells a package's folder by what is in it, or by its name."""

    def __init__(self, root: str, folders: Collection[str]):
        self.called = make_name_matcher(root, {}).fullmatch if root else None
        self.folders = {name.lower() for name in folders if name}

    def by_content(self, folder: Path) -> bool:
        there = (p.name.lower() for p in _inside(folder) if p.is_dir())
        return (folder / MANIFEST).is_file() or any(name in self.folders for name in there)

    def by_name(self, folder: Path) -> bool:
        return self.called is not None and self.called(folder.name) is not None


def _inside(folder: Path) -> list[Path]:
    """What is in a folder, without what systems leave there. InputError where the system does not let us look."""
    try:
        return [p for p in sorted(folder.iterdir()) if p.name not in _BESIDE and not p.name.endswith(LOCK)]
    except OSError as error:
        raise InputError("package_file_unreadable", file=folder.name, detail=os_reason(error)) from error


def _inner(folder: Path, path: Path, known: _Known, cancellation: Cancellation) -> Path:
    """The package in a folder, however often it is wrapped, and whatever lies beside it; where nothing is known as one, the
    folder itself, or the only one in it.

    InputError for a folder that holds several: looked at as one, everything in it would be misplaced; for one without any
    file, or with nothing but archives.
    """
    found = _packages(folder, known, cancellation, None if path.is_dir() else folder)
    if len(found) > 1:
        shown = ", ".join(p.name for p in found[:NAMED]) + (" …" if len(found) > NAMED else "")
        raise InputError("package_several", source=path.name, count=len(found), names=shown)
    inside = _folders(folder)
    chosen = found[0] if found else inside[0] if len(inside) == len(_inside(folder)) == 1 else folder
    archives = []
    for _, place in files_below(chosen):
        cancellation.raise_if_cancelled()
        if place.suffix.lower() in _ARCHIVES:
            archives.append(place.name)
        elif not is_stray(place.name):
            return chosen
    if archives:
        raise InputError("package_only_archives", source=path.name, names=", ".join(archives[:NAMED]))
    raise InputError("package_empty", source=path.name)


def _folders(folder: Path) -> list[Path]:
    return [p for p in _inside(folder) if p.is_dir() and not is_link(p) and p.suffix.lower() != ".gdb"]


def _packages(
    folder: Path, known: _Known, cancellation: Cancellation, zipped: Path | None, deep: int = _DEEPEST
) -> list[Path]:
    """Folders that are packages; in one there is no other."""
    cancellation.raise_if_cancelled()
    # A folder, and a zip all the more, may be called as the package that is in it.
    wraps = len(_inside(folder)) == 1 or folder == zipped
    if known.by_content(folder) or (known.by_name(folder) and not wraps):
        return [folder]
    below = _folders(folder) if deep else []
    found = [one for inside in below for one in _packages(inside, known, cancellation, None, deep - 1)]
    return found or ([folder] if known.by_name(folder) else [])


def _count(folder: Path, most: int, cancellation: Cancellation) -> None:
    """InputError for a folder of more than ``most`` files: no delivery has so many, and every file would be read."""
    for number, _ in enumerate(files_below(folder), 1):
        if number > most:
            raise InputError("package_too_many", source=folder.name, most=most)
        if number % 1000 == 0:
            cancellation.raise_if_cancelled()


def _unpack(archive: zipfile.ZipFile, path: Path, target: Path, cancellation: Cancellation, most: int) -> None:
    infos = archive.infolist()
    if len(infos) > most:
        raise InputError("package_too_many", source=path.name, most=most)
    # Many small bombs are a large one.
    size = sum(info.file_size for info in infos)
    if size > max(_HARMLESS, _RATIO * path.stat().st_size):
        raise InputError("package_zip_bomb", source=path.name, size=size)
    if size > shutil.disk_usage(target).free:
        raise InputError("package_zip_no_space", source=path.name)
    taken: set[str] = set()
    codec = _codec(infos)
    for info in infos:
        cancellation.raise_if_cancelled()
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
