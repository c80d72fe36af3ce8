# SPDX-License-Identifier: GPL-2.0-or-later
"""Safe unpacking of a zip file.

Paths and sizes of entries are validated, and names written by a Chinese Windows (GBK) are decoded.
"""

from __future__ import annotations

import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from ..errors import NEVER_CANCELLED, Cancellation, InputError
from .names import find_name_problem

#: Maximum ratio of unpacked and packed size, applied above a harmless size.
_MAX_COMPRESSION_RATIO, _ALWAYS_ALLOWED_BYTES = 200, 50 * 2**20
#: Maximum number of files in an archive.
MAX_ENTRIES = 100_000
_UTF8_FLAG = 0x800


@contextmanager
def unpack_archive(
    path: Path, cancellation: Cancellation = NEVER_CANCELLED, max_entries: int = MAX_ENTRIES
) -> Iterator[Path]:
    """Yield a temporary folder with the content of a zip file; it is deleted when the block ends.

    Raises
    ------
    InputError
        If the zip is damaged or encrypted, has bytes before its beginning, too many entries, paths that lead out of the
        folder, or is too large unpacked.
    """
    with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        target = Path(folder) / path.stem
        target.mkdir()
        try:
            with zipfile.ZipFile(path) as archive:
                _unpack_entries(archive, path, target, cancellation, max_entries)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
            if isinstance(error, OSError) and shutil.disk_usage(folder).free < 2**20:
                raise InputError("package_zip_no_space", source=path.name) from error
            raise InputError("package_zip_damaged", source=path.name) from error
        yield target


def list_entry_paths(path: Path) -> list[PurePosixPath]:
    """Return the paths of the files in a zip, decoded; empty for a file that cannot be listed."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return []
    codec = detect_name_codec(infos)
    paths = [PurePosixPath(decode_entry_name(info, codec).replace("\\", "/")) for info in infos]
    return [one for one in paths if one.parts]


def _unpack_entries(
    archive: zipfile.ZipFile, path: Path, target: Path, cancellation: Cancellation, max_entries: int
) -> None:
    """Write all entries of a zip below ``target``.

    Raises
    ------
    InputError
        If the zip has bytes before its beginning or too many entries, or an entry is too large, encrypted, unsafe or
        repeated.
    """
    infos = archive.infolist()
    # A self-extracting archive has a program before its first entry, which runs when the file is opened.
    if leading_bytes := min((info.header_offset for info in infos), default=0):
        raise InputError("package_zip_head", source=path.name, count=leading_bytes)
    if len(infos) > max_entries:
        raise InputError("package_too_many", source=path.name, most=max_entries)
    # Limit the total as well, because many small entries may exceed it.
    size = sum(info.file_size for info in infos)
    if size > max(_ALWAYS_ALLOWED_BYTES, _MAX_COMPRESSION_RATIO * path.stat().st_size):
        raise InputError("package_zip_bomb", source=path.name, size=size)
    if size > shutil.disk_usage(target).free:
        raise InputError("package_zip_no_space", source=path.name)
    written_names: set[str] = set()
    codec = detect_name_codec(infos)
    for info in cancellation.watch(infos):
        name = decode_entry_name(info, codec)
        target_file = target.joinpath(*_check_entry_path(info, name, path))
        if info.flag_bits & 1:
            raise InputError("package_zip_encrypted", source=path.name)
        if info.file_size > max(_ALWAYS_ALLOWED_BYTES, _MAX_COMPRESSION_RATIO * info.compress_size):
            raise InputError("package_zip_bomb", source=path.name, size=info.file_size)
        # Old versions of .NET ended the names of folders with a backslash.
        if name.endswith(("/", "\\")):
            target_file.mkdir(parents=True, exist_ok=True)
            continue
        # Windows does not distinguish 图.JPG and 图.jpg, so the second file would overwrite the first.
        if str(target_file).lower() in written_names:
            raise InputError("package_zip_twice", source=path.name, name=name)
        written_names.add(str(target_file).lower())
        target_file.parent.mkdir(parents=True, exist_ok=True)
        written_byte_count = 0
        with archive.open(info) as source, target_file.open("wb") as handle:
            while chunk := source.read(2**20):
                written_byte_count += len(chunk)
                if written_byte_count > info.file_size:
                    raise InputError("package_zip_bomb", source=path.name, size=written_byte_count)
                handle.write(chunk)


def _check_entry_path(info: zipfile.ZipInfo, name: str, path: Path) -> tuple[str, ...]:
    """Return the path of a zip entry as a tuple of names, after validation.

    Raises
    ------
    InputError
        If the entry is a link, its path leads out of the folder, or a name is not portable.
    """
    parts = PurePosixPath(name.replace("\\", "/")).parts
    link = stat.S_ISLNK(info.external_attr >> 16)
    if link or not parts or any(part == ".." or part.startswith("/") or ":" in part for part in parts):
        raise InputError("package_zip_climbs", source=path.name, name=name)
    for part in parts:
        problem = find_name_problem(part)
        if problem in ("name_characters", "name_reserved", "name_end"):
            raise InputError("package_zip_name", source=path.name, name=name, detail=problem)
    return parts


def _get_raw_name_bytes(info: zipfile.ZipInfo) -> bytes:
    """Return the bytes of an entry's name; empty if it is marked as UTF-8.

    The module zipfile decodes unmarked names as cp437.
    """
    return b"" if info.flag_bits & _UTF8_FLAG else info.orig_filename.encode("cp437", errors="replace")


def detect_name_codec(infos: Iterable[zipfile.ZipInfo]) -> str:
    """Return the codec of entry names without a UTF-8 mark: GBK (as Windows writes) or UTF-8 (as macOS).

    All names are tested together, because short texts in GBK may be valid UTF-8: of two bytes for most characters,
    while Chinese characters, signs and numbers in circles have three.
    """
    try:
        non_ascii = [c for c in b"".join(map(_get_raw_name_bytes, infos)).decode("utf-8") if not c.isascii()]
    except UnicodeDecodeError:
        return "gbk"
    return "utf-8" if 2 * sum(c >= "\u0800" for c in non_ascii) > len(non_ascii) else "gbk"


def decode_entry_name(info: zipfile.ZipInfo, codec: str) -> str:
    """Return the name of a zip entry, decoded with ``codec`` unless it is marked as UTF-8."""
    if info.flag_bits & _UTF8_FLAG:
        return info.filename
    try:
        return _get_raw_name_bytes(info).decode(codec)
    except UnicodeDecodeError:
        return info.filename
