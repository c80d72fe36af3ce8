# SPDX-License-Identifier: GPL-2.0-or-later
"""Atomic replacement of a package folder: refusals, leftovers of killed runs, programs with open files."""

import errno
import os
import sys
from pathlib import Path

import pytest

from plugin.core.cancellation import Cancellation
from plugin.core.errors import Cancelled, OutputError
from plugin.core.files.digests import DIGEST, MANIFEST, is_whole, read_digest, sha256, write_digest
from plugin.core.files.open_file_owners import find_open_file_owners
from plugin.core.package.folder import NEW, OLD, finish_interrupted, replace_folder
from tests.core.small_plan import explain_error


def write_package(folder, text="新"):
    (folder / "1-数据").mkdir(parents=True)
    (folder / "1-数据" / "a.txt").write_text(text, encoding="utf-8")
    (folder / MANIFEST).write_text(f'{{"text": "{text}"}}', encoding="utf-8")
    write_digest(folder)
    return folder


def read_content(folder):
    return (folder / "1-数据" / "a.txt").read_text(encoding="utf-8")


def is_alone(target):
    return [p.name for p in target.parent.iterdir()] == [target.name]


@pytest.fixture
def target(tmp_path):
    return tmp_path / "140225浑源县"


def test_new_package_replaces_the_old_one(target):
    for text in ("旧", "新"):
        with replace_folder(target) as new:
            write_package(new, text)
        assert read_content(target) == text and is_whole(target) and is_alone(target)


def test_link_at_the_target_is_replaced_and_its_destination_kept(target, tmp_path):
    elsewhere = tmp_path.with_name(tmp_path.name + "-别处")
    write_package(elsewhere, "旧")
    target.symlink_to(elsewhere, target_is_directory=True)
    for text in ("新", "更新"):
        with replace_folder(target) as new:
            write_package(new, text)
        assert read_content(target) == text and is_alone(target) and not target.is_symlink()
    assert read_content(elsewhere) == "旧"


@pytest.mark.parametrize("error", [ValueError, Cancelled, KeyboardInterrupt])
def test_error_keeps_the_old_package(target, error):
    write_package(target, "旧")
    with pytest.raises(error), replace_folder(target) as new:
        write_package(new)
        raise error
    assert read_content(target) == "旧" and is_alone(target)


def test_cancellation_at_the_last_moment_keeps_the_old_package(target):
    write_package(target, "旧")
    with pytest.raises(Cancelled), replace_folder(target, Cancellation(lambda: True)) as new:
        write_package(new)
    assert read_content(target) == "旧" and is_alone(target)


@pytest.mark.parametrize("which", ["old away", "new in"])
@pytest.mark.parametrize("code", [errno.EACCES, errno.EBUSY])
def test_failed_move_keeps_the_old_package(target, monkeypatch, which, code):
    write_package(target, "旧")
    real = os.replace

    def refuse_move(source, destination):
        if str(source).endswith(NEW) == (which == "new in") and not str(source).endswith(OLD):
            raise OSError(code, os.strerror(code), str(source))
        real(source, destination)

    monkeypatch.setattr(os, "replace", refuse_move)
    with pytest.raises(OutputError) as caught, replace_folder(target) as new:
        write_package(new)
    assert "140225浑源县" in explain_error(caught.value)
    assert read_content(target) == "旧" and is_alone(target)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_program_with_open_files_is_named(target, monkeypatch):
    write_package(target, "旧")

    def refuse_move(source, destination):
        raise PermissionError(errno.EACCES, "no", str(source))

    with (target / "1-数据" / "a.txt").open() as _:
        monkeypatch.setattr(os, "replace", refuse_move)
        with pytest.raises(OutputError) as caught, replace_folder(target) as new:
            write_package(new)
    assert caught.value.key == "package_held" and f"({os.getpid()})" in explain_error(caught.value)


def test_arcgis_is_identified_by_its_lock_files(tmp_path):
    database = tmp_path / "1-数据" / "库.gdb"
    database.mkdir(parents=True)
    (database / "_gdb.GHJ-PC07.1234.5678.sr.lock").touch()
    (database / "a0000000b.gdbtable.GHJ-PC07.1234.5678.rd.lock").touch()
    assert find_open_file_owners(tmp_path) == ["GHJ-PC07 (ArcGIS, 1234)"]


def test_no_open_file_gives_no_owner(tmp_path):
    assert find_open_file_owners(write_package(tmp_path / "a")) == []


def interrupted_states(target):
    """Return every state after a kill: name → (setup function, content of the expected package)."""
    new, old = target.with_name(target.name + NEW), target.with_name(target.name + OLD)

    def half():
        write_package(new)
        (new / DIGEST).unlink()

    def first_half():
        half()

    def before():
        write_package(target, "旧")
        half()

    def written():
        write_package(target, "旧")
        write_package(new)

    def between():
        write_package(old, "旧")
        write_package(new)

    def moved():
        write_package(target)
        write_package(old, "旧")

    def deleting():
        write_package(target)
        (old / "1-数据").mkdir(parents=True)

    def first_whole():
        write_package(new)

    def lost():
        write_package(old, "旧")

    return {
        "half": (before, "旧"),
        "first half": (first_half, None),
        "written": (written, "旧"),
        "between": (between, "新"),
        "moved": (moved, "新"),
        "deleting": (deleting, "新"),
        "first whole": (first_whole, "新"),
        "old away, new gone": (lost, "旧"),
    }


@pytest.mark.parametrize("state", interrupted_states(Path("a")))
def test_next_run_completes_or_rolls_back(target, state):
    prepare, expected = interrupted_states(target)[state]
    prepare()
    finish_interrupted(target)
    if expected is None:
        assert list(target.parent.iterdir()) == []
    else:
        assert read_content(target) == expected and is_whole(target) and is_alone(target)


def test_leftover_that_cannot_be_deleted_is_reported(target, monkeypatch):
    write_package(target, "旧")
    write_package(target.with_name(target.name + NEW))
    monkeypatch.setattr("shutil.rmtree", lambda path, ignore_errors=False: None)
    with pytest.raises(OutputError) as caught:
        finish_interrupted(target)
    assert NEW in explain_error(caught.value) and read_content(target) == "旧"


def test_missing_parent_folder_is_reported(tmp_path, monkeypatch):
    with pytest.raises(OutputError) as caught, replace_folder(tmp_path / "没有" / "包"):
        pass
    assert "没有" in explain_error(caught.value)


def test_full_disk_keeps_the_old_package(target):
    write_package(target, "旧")
    with pytest.raises(OutputError) as caught, replace_folder(target) as new:
        raise OSError(errno.ENOSPC, "full", str(new / "a"))
    assert "磁盘空间不足" in explain_error(caught.value)
    assert read_content(target) == "旧" and is_alone(target)


def test_unreadable_input_is_not_reported_as_a_write_error(target):
    with pytest.raises(PermissionError), replace_folder(target):
        raise PermissionError(errno.EACCES, "no", "/文档/规划文本.pdf")
    assert not target.exists()


def test_is_whole_compares_the_digest(tmp_path):
    folder = write_package(tmp_path / "a")
    assert read_digest(folder) == sha256(folder / MANIFEST) and is_whole(folder)
    (folder / MANIFEST).write_text("{}")
    assert not is_whole(folder)
    (folder / DIGEST).write_bytes(b"\xff")
    assert not is_whole(folder) and read_digest(folder) == ""
