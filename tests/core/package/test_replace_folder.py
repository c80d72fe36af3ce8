# SPDX-License-Identifier: GPL-2.0-or-later
"""Atomic replacement of a package folder, also after runs that were killed."""

import errno
import os
from pathlib import Path

import pytest

from plugin.core.errors import Cancelled, OutputError
from plugin.core.files.digests import (
    MANIFEST_DIGEST_FILE_NAME,
    MANIFEST_FILE_NAME,
    compute_sha256,
    is_complete_package,
    read_manifest_digest,
    write_manifest_digest,
)
from plugin.core.package.folder import NEW_SUFFIX, OLD_SUFFIX, finish_interrupted_export, replace_folder
from tests.core.small_plan import explain_error


def write_package(folder, text="新"):
    """Write a small complete package into a folder; return the folder."""
    (folder / "1-数据").mkdir(parents=True)
    (folder / "1-数据" / "a.txt").write_text(text, encoding="utf-8")
    (folder / MANIFEST_FILE_NAME).write_text(f'{{"text": "{text}"}}', encoding="utf-8")
    write_manifest_digest(folder)
    return folder


def read_content(folder):
    """Return the text that `write_package` wrote."""
    return (folder / "1-数据" / "a.txt").read_text(encoding="utf-8")


def is_only_entry_of_parent(target):
    return [p.name for p in target.parent.iterdir()] == [target.name]


@pytest.fixture
def package_path(tmp_path):
    return tmp_path / "140225浑源县"


def test_new_package_folder_replaces_the_old_one(package_path):
    for text in ("旧", "新"):
        with replace_folder(package_path) as new:
            write_package(new, text)
        assert (
            read_content(package_path) == text
            and is_complete_package(package_path)
            and is_only_entry_of_parent(package_path)
        )


def test_link_at_the_package_path_is_replaced_and_its_destination_is_kept(package_path, tmp_path):
    elsewhere = tmp_path.with_name(tmp_path.name + "-别处")
    write_package(elsewhere, "旧")
    package_path.symlink_to(elsewhere, target_is_directory=True)
    for text in ("新", "更新"):
        with replace_folder(package_path) as new:
            write_package(new, text)
        assert (
            read_content(package_path) == text
            and is_only_entry_of_parent(package_path)
            and not package_path.is_symlink()
        )
    assert read_content(elsewhere) == "旧"


@pytest.mark.parametrize("error", [ValueError, Cancelled, KeyboardInterrupt])
def test_error_while_writing_keeps_the_old_package(package_path, error):
    write_package(package_path, "旧")
    with pytest.raises(error), replace_folder(package_path) as new:
        write_package(new)
        raise error
    assert read_content(package_path) == "旧" and is_only_entry_of_parent(package_path)


@pytest.mark.parametrize("which", ["old away", "new in"])
@pytest.mark.parametrize("code", [errno.EACCES, errno.EBUSY])
def test_failed_move_of_the_new_package_keeps_the_old_package(package_path, monkeypatch, which, code):
    write_package(package_path, "旧")
    real = os.replace

    def refuse_move(source, destination):
        if str(source).endswith(NEW_SUFFIX) == (which == "new in") and not str(source).endswith(OLD_SUFFIX):
            raise OSError(code, os.strerror(code), str(source))
        real(source, destination)

    monkeypatch.setattr(os, "replace", refuse_move)
    with pytest.raises(OutputError) as caught, replace_folder(package_path) as new:
        write_package(new)
    assert "140225浑源县" in explain_error(caught.value)
    assert read_content(package_path) == "旧" and is_only_entry_of_parent(package_path)


def list_interrupted_states(target):
    """Return the states that a killed replacement can leave, by name.

    Each has a function that makes the state, and the content of the package that the next run must leave.
    """
    new, old = target.with_name(target.name + NEW_SUFFIX), target.with_name(target.name + OLD_SUFFIX)

    def write_half_of_new_package():
        write_package(new)
        (new / MANIFEST_DIGEST_FILE_NAME).unlink()

    def write_half_of_first_package():
        write_half_of_new_package()

    def finish_writing_new_package():
        write_package(target, "旧")
        write_half_of_new_package()

    def leave_two_complete_packages():
        write_package(target, "旧")
        write_package(new)

    def interrupt_between_moves():
        write_package(old, "旧")
        write_package(new)

    def interrupt_after_moves():
        write_package(target)
        write_package(old, "旧")

    def interrupt_while_deleting_old():
        write_package(target)
        (old / "1-数据").mkdir(parents=True)

    def leave_first_complete_package():
        write_package(new)

    def lose_new_package():
        write_package(old, "旧")

    return {
        "half": (finish_writing_new_package, "旧"),
        "first half": (write_half_of_first_package, None),
        "written": (leave_two_complete_packages, "旧"),
        "between": (interrupt_between_moves, "新"),
        "moved": (interrupt_after_moves, "新"),
        "deleting": (interrupt_while_deleting_old, "新"),
        "first whole": (leave_first_complete_package, "新"),
        "old away, new gone": (lose_new_package, "旧"),
    }


@pytest.mark.parametrize("state", list_interrupted_states(Path("a")))
def test_next_export_completes_or_undoes_an_interrupted_replacement_of_the_package_folder(package_path, state):
    prepare, expected = list_interrupted_states(package_path)[state]
    prepare()
    finish_interrupted_export(package_path)
    if expected is None:
        assert list(package_path.parent.iterdir()) == []
    else:
        assert (
            read_content(package_path) == expected
            and is_complete_package(package_path)
            and is_only_entry_of_parent(package_path)
        )


def test_leftover_folder_that_cannot_be_deleted_is_reported(package_path, monkeypatch):
    write_package(package_path, "旧")
    write_package(package_path.with_name(package_path.name + NEW_SUFFIX))
    monkeypatch.setattr("shutil.rmtree", lambda path, ignore_errors=False: None)
    with pytest.raises(OutputError) as caught:
        finish_interrupted_export(package_path)
    assert NEW_SUFFIX in explain_error(caught.value) and read_content(package_path) == "旧"


def test_full_disk_while_replacing_keeps_the_old_package(package_path):
    write_package(package_path, "旧")
    with pytest.raises(OutputError) as caught, replace_folder(package_path) as new:
        raise OSError(errno.ENOSPC, "full", str(new / "a"))
    assert "磁盘空间不足" in explain_error(caught.value)
    assert read_content(package_path) == "旧" and is_only_entry_of_parent(package_path)


def test_unreadable_input_file_is_not_reported_as_a_write_error(package_path):
    with pytest.raises(PermissionError), replace_folder(package_path):
        raise PermissionError(errno.EACCES, "no", "/文档/规划文本.pdf")
    assert not package_path.exists()


def test_package_is_complete_only_if_the_manifest_matches_its_digest_file(tmp_path):
    folder = write_package(tmp_path / "a")
    assert read_manifest_digest(folder) == compute_sha256(folder / MANIFEST_FILE_NAME) and is_complete_package(folder)
    (folder / MANIFEST_FILE_NAME).write_text("{}")
    assert not is_complete_package(folder)
    (folder / MANIFEST_DIGEST_FILE_NAME).write_bytes(b"\xff")
    assert not is_complete_package(folder) and read_manifest_digest(folder) == ""
