# SPDX-License-Identifier: GPL-2.0-or-later
"""A package takes its place as a whole, or the one before it stays: refusals, rests of a run that was killed, who has it open."""

import errno
import os
import sys
from pathlib import Path

import pytest

from plugin.core.cancellation import Cancellation
from plugin.core.errors import Cancelled, OutputError
from plugin.core.files.digests import DIGEST, MANIFEST, is_whole, sha256, told_digest, write_digest
from plugin.core.files.open_file_owners import find_open_file_owners
from plugin.core.package.folder import NEW, OLD, finish_interrupted, replace_folder
from tests.core.small_plan import explain_error


def fill(folder, text="新"):
    (folder / "1-数据").mkdir(parents=True)
    (folder / "1-数据" / "a.txt").write_text(text, encoding="utf-8")
    (folder / MANIFEST).write_text(f'{{"text": "{text}"}}', encoding="utf-8")
    write_digest(folder)
    return folder


def text_of(folder):
    return (folder / "1-数据" / "a.txt").read_text(encoding="utf-8")


def alone(target):
    return [p.name for p in target.parent.iterdir()] == [target.name]


@pytest.fixture
def target(tmp_path):
    return tmp_path / "140225浑源县"


def test_a_new_one_and_one_in_place_of_another(target):
    for text in ("旧", "新"):
        with replace_folder(target) as new:
            fill(new, text)
        assert text_of(target) == text and is_whole(target) and alone(target)


def test_a_link_in_its_place_goes_and_what_it_leads_to_stays(target, tmp_path):
    elsewhere = tmp_path.with_name(tmp_path.name + "-别处")
    fill(elsewhere, "旧")
    target.symlink_to(elsewhere, target_is_directory=True)
    for text in ("新", "更新"):
        with replace_folder(target) as new:
            fill(new, text)
        assert text_of(target) == text and alone(target) and not target.is_symlink()
    assert text_of(elsewhere) == "旧"


@pytest.mark.parametrize("error", [ValueError, Cancelled, KeyboardInterrupt])
def test_what_goes_wrong_leaves_the_former_one(target, error):
    fill(target, "旧")
    with pytest.raises(error), replace_folder(target) as new:
        fill(new)
        raise error
    assert text_of(target) == "旧" and alone(target)


def test_cancelled_at_the_last_moment(target):
    fill(target, "旧")
    with pytest.raises(Cancelled), replace_folder(target, Cancellation(lambda: True)) as new:
        fill(new)
    assert text_of(target) == "旧" and alone(target)


@pytest.mark.parametrize("which", ["old away", "new in"])
@pytest.mark.parametrize("code", [errno.EACCES, errno.EBUSY])
def test_a_replacement_that_is_refused(target, monkeypatch, which, code):
    fill(target, "旧")
    real = os.replace

    def refused(source, destination):
        if str(source).endswith(NEW) == (which == "new in") and not str(source).endswith(OLD):
            raise OSError(code, os.strerror(code), str(source))
        real(source, destination)

    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(OutputError) as caught, replace_folder(target) as new:
        fill(new)
    assert "140225浑源县" in explain_error(caught.value)
    assert text_of(target) == "旧" and alone(target)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc")
def test_who_has_it_open_is_named(target, monkeypatch):
    fill(target, "旧")

    def refused(source, destination):
        raise PermissionError(errno.EACCES, "no", str(source))

    with (target / "1-数据" / "a.txt").open() as _:
        monkeypatch.setattr(os, "replace", refused)
        with pytest.raises(OutputError) as caught, replace_folder(target) as new:
            fill(new)
    assert caught.value.key == "package_held" and f"({os.getpid()})" in explain_error(caught.value)


def test_arcgis_is_named_by_its_lock_files(tmp_path):
    database = tmp_path / "1-数据" / "库.gdb"
    database.mkdir(parents=True)
    (database / "_gdb.GHJ-PC07.1234.5678.sr.lock").touch()
    (database / "a0000000b.gdbtable.GHJ-PC07.1234.5678.rd.lock").touch()
    assert find_open_file_owners(tmp_path) == ["GHJ-PC07 (ArcGIS, 1234)"]


def test_nothing_open_nobody_named(tmp_path):
    assert find_open_file_owners(fill(tmp_path / "a")) == []


def rests(target):
    """Every state that a kill may leave: name → (what lies there, which package is right in the end)."""
    new, old = target.with_name(target.name + NEW), target.with_name(target.name + OLD)

    def half():
        fill(new)
        (new / DIGEST).unlink()

    def first_half():
        half()

    def before():
        fill(target, "旧")
        half()

    def written():
        fill(target, "旧")
        fill(new)

    def between():
        fill(old, "旧")
        fill(new)

    def moved():
        fill(target)
        fill(old, "旧")

    def deleting():
        fill(target)
        (old / "1-数据").mkdir(parents=True)

    def first_whole():
        fill(new)

    def lost():
        fill(old, "旧")

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


@pytest.mark.parametrize("state", rests(Path("a")))
def test_the_next_run_finishes_or_rolls_back(target, state):
    lay, right = rests(target)[state]
    lay()
    finish_interrupted(target)
    if right is None:
        assert list(target.parent.iterdir()) == []
    else:
        assert text_of(target) == right and is_whole(target) and alone(target)


def test_a_rest_that_cannot_be_deleted_is_told(target, monkeypatch):
    fill(target, "旧")
    fill(target.with_name(target.name + NEW))
    monkeypatch.setattr("shutil.rmtree", lambda path, ignore_errors=False: None)
    with pytest.raises(OutputError) as caught:
        finish_interrupted(target)
    assert NEW in explain_error(caught.value) and text_of(target) == "旧"


def test_a_folder_that_cannot_be_written_to(tmp_path, monkeypatch):
    with pytest.raises(OutputError) as caught, replace_folder(tmp_path / "没有" / "包"):
        pass
    assert "没有" in explain_error(caught.value)


def test_a_full_disk_while_it_is_made(target):
    fill(target, "旧")
    with pytest.raises(OutputError) as caught, replace_folder(target) as new:
        raise OSError(errno.ENOSPC, "full", str(new / "a"))
    assert "磁盘空间不足" in explain_error(caught.value)
    assert text_of(target) == "旧" and alone(target)


def test_a_file_of_the_planners_that_cannot_be_read_is_no_matter_of_writing(target):
    with pytest.raises(PermissionError), replace_folder(target):
        raise PermissionError(errno.EACCES, "no", "/文档/规划文本.pdf")
    assert not target.exists()


def test_a_digest_says_whether_a_folder_is_whole(tmp_path):
    folder = fill(tmp_path / "a")
    assert told_digest(folder) == sha256(folder / MANIFEST) and is_whole(folder)
    (folder / MANIFEST).write_text("{}")
    assert not is_whole(folder)
    (folder / DIGEST).write_bytes(b"\xff")
    assert not is_whole(folder) and told_digest(folder) == ""
