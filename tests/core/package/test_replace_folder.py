# SPDX-License-Identifier: GPL-2.0-or-later
"""Atomic replacement of a package folder, also after runs that were killed."""

import errno
import os
import signal
import subprocess
import sys
import types
from pathlib import Path

import pytest

from plugin.core.base.errors import Cancelled, InputError, OutputError
from plugin.core.base.files.digests import (
    MANIFEST_DIGEST_FILE_NAME,
    MANIFEST_FILE_NAME,
    compute_sha256,
    is_complete_package,
    read_manifest_digest,
    write_manifest_digest,
)
from plugin.core.package import folder
from plugin.core.package.folder import (
    LOCK_SUFFIX,
    NEW_SUFFIX,
    OLD_SUFFIX,
    finish_interrupted_export,
    lock_for_reading,
    lock_for_writing,
    replace_folder,
)
from plugin.core.package.inspection.archive import unpack_package
from plugin.core.standard.messages.texts import Texts
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


CHECKOUT_PATH = str(Path(__file__).resolve().parents[3])
#: Takes the lock, prints a line, and keeps the lock until it receives a line.
LOCK_HOLDER_SCRIPT = """
import sys
sys.path.insert(0, {tree!r})
from pathlib import Path
from plugin.core.package.folder import lock_for_reading, lock_for_writing
with lock_for_{how}(Path({target!r})):
    print("has it", flush=True)
    sys.stdin.readline()
"""


class OtherProcess:
    """A process that holds the lock on a package until it is stopped."""

    def __init__(self, how, target):
        text = LOCK_HOLDER_SCRIPT.format(tree=CHECKOUT_PATH, how=how, target=str(target))
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([sys.executable, "-c", text], stdin=pipe, stdout=pipe, text=True)
        assert self.process.stdout.readline() == "has it\n"

    def end(self):
        """Let the process end by itself."""
        self.process.communicate("\n", timeout=60)
        assert self.process.returncode == 0

    def kill(self):
        """Kill the process while it holds the lock."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.communicate(timeout=60)


@pytest.fixture
def package_folder(tmp_path):
    folder = tmp_path / "140225浑源县"
    folder.mkdir()
    return folder


@pytest.fixture
def start_other_process(package_folder):
    started = []

    def start_process(how):
        started.append(OtherProcess(how, package_folder))
        return started[-1]

    yield start_process
    for one in started:
        if one.process.poll() is None:
            one.kill()


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
@pytest.mark.parametrize(
    ("first", "second", "error"),
    [
        ("writing", lock_for_writing, OutputError),
        ("reading", lock_for_writing, OutputError),
        ("writing", lock_for_reading, InputError),
        ("reading", lock_for_reading, None),
    ],
    ids=["two exports", "export while inspected", "inspect while exported", "two inspect"],
)
@pytest.mark.parametrize("end", ["ends", "is killed"])
def test_second_process_is_refused_the_package_lock_until_the_first_ends(
    package_folder, start_other_process, first, second, error, end
):
    one = start_other_process(first)
    if error:
        with pytest.raises(error) as caught, second(package_folder):
            pass
        assert caught.value.key == "package_busy"
        for lang in ("zh", "en"):
            message = Texts(lang).explain_error(caught.value)
            assert str(package_folder) in message and f"({one.process.pid})" in message
    else:
        with second(package_folder):
            pass
        # The first still has it.
        with pytest.raises(OutputError), lock_for_writing(package_folder):
            pass
    one.end() if end == "ends" else one.kill()
    with lock_for_writing(package_folder):
        assert not is_only_entry_of_parent(package_folder)
    assert is_only_entry_of_parent(package_folder)


def test_second_export_of_the_same_process_is_refused_the_package_lock(package_folder):
    with lock_for_writing(package_folder):
        for second, error in ((lock_for_writing, OutputError), (lock_for_reading, InputError)):
            with pytest.raises(error), second(package_folder):
                pass
    with (
        lock_for_reading(package_folder),
        lock_for_reading(package_folder),
        pytest.raises(OutputError),
        lock_for_writing(package_folder),
    ):
        pass
    assert is_only_entry_of_parent(package_folder)
    with lock_for_writing(package_folder), lock_for_writing(package_folder.with_name("别的")):
        pass


def test_package_lock_is_released_after_an_error(package_folder):
    with pytest.raises(KeyboardInterrupt), lock_for_writing(package_folder):
        raise KeyboardInterrupt
    assert is_only_entry_of_parent(package_folder)


def test_package_locked_for_writing_cannot_be_locked_through_a_symbolic_link(package_folder):
    link = package_folder.with_name("链接")
    link.symlink_to(package_folder)
    with lock_for_writing(package_folder), pytest.raises(OutputError), lock_for_writing(link):
        pass


def test_lock_file_deleted_between_opening_and_locking_is_created_again(package_folder, monkeypatch):
    """Delete the lock file between opening and locking it.

    A lock on the deleted file would exclude no other process.
    """
    real, times = folder._lock_handle, []

    def delete_then_lock(handle, alone):
        if not times:
            os.unlink(folder._get_lock_file_path(package_folder))
        times.append(1)
        return real(handle, alone)

    monkeypatch.setattr(folder, "_lock_handle", delete_then_lock)
    with lock_for_writing(package_folder):
        assert folder._get_lock_file_path(package_folder).exists() and len(times) == 2
        with pytest.raises(OutputError), lock_for_writing(package_folder):
            pass


def make_failing_lock(code):
    """Return a lock function that fails with an error number of the system."""

    def raise_os_error(*arguments):
        raise OSError(code, os.strerror(code))

    return raise_os_error


def test_package_can_be_read_on_a_read_only_file_system_and_written_on_one_without_locks(package_folder, monkeypatch):
    import fcntl

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", make_failing_lock(errno.ENOLCK))
        with lock_for_writing(package_folder), lock_for_reading(package_folder):
            pass
    assert is_only_entry_of_parent(package_folder)
    monkeypatch.setattr(os, "open", make_failing_lock(errno.EROFS))
    with lock_for_reading(package_folder):
        pass
    with pytest.raises(OutputError) as caught, lock_for_writing(package_folder):
        pass
    assert caught.value.key == "output_unwritable" and caught.value.params["detail"] == "read_only"


class FakeMsvcrt:
    """A fake of byte locks on Windows: exclusive by open file, released on close."""

    LK_NBLCK, LK_UNLCK = 2, 0

    def __init__(self):
        self.locked = {}

    def locking(self, handle, mode, count):
        at = os.lseek(handle, 0, os.SEEK_CUR)
        file = os.fstat(handle).st_ino
        spans = {(file, byte) for byte in range(at, at + count)}
        if mode == self.LK_UNLCK:
            assert all(self.locked.pop(span) == handle for span in spans)
        elif spans & self.locked.keys():
            raise OSError(errno.EACCES, "Permission denied")
        else:
            self.locked |= dict.fromkeys(spans, handle)


@pytest.fixture
def fake_windows(monkeypatch):
    made, real = FakeMsvcrt(), os.unlink

    def unlink(path):
        """Delete a file; refuse while it is open, as Windows does."""
        if any(file == os.stat(path).st_ino for file, _ in made.locked):
            raise PermissionError(errno.EACCES, "in use", str(path))
        real(path)

    monkeypatch.setattr(os, "unlink", unlink)
    monkeypatch.setitem(sys.modules, "msvcrt", made)
    monkeypatch.setattr(folder, "sys", types.SimpleNamespace(platform="win32", executable=r"C:\QGIS\qgis-bin.exe"))
    return made


def test_windows_locks_refuse_a_second_writer_and_writing_while_others_read_and_allow_two_readers(
    package_folder, fake_windows
):
    with lock_for_writing(package_folder):
        assert (
            len(fake_windows.locked) == folder._MAX_READERS
            and min(byte for _, byte in fake_windows.locked) == folder._LOCK_OFFSET
        )
        for second, error in ((lock_for_writing, OutputError), (lock_for_reading, InputError)):
            with pytest.raises(error) as caught, second(package_folder):
                pass
            assert f"({os.getpid()})" in caught.value.params["who"]
    with lock_for_reading(package_folder):
        with lock_for_reading(package_folder):
            assert len(fake_windows.locked) == 2
        with pytest.raises(OutputError), lock_for_writing(package_folder):
            pass
    assert not fake_windows.locked and is_only_entry_of_parent(package_folder)


def test_inspection_locks_the_package_against_exports(package_folder):
    (package_folder / "a.txt").touch()
    with unpack_package(package_folder.parent) as found:
        assert found == package_folder
        with pytest.raises(OutputError), lock_for_writing(package_folder):
            pass
    # A leftover lock file next to a package does not belong to it.
    package_folder.with_name(package_folder.name + LOCK_SUFFIX).touch()
    with unpack_package(package_folder.parent) as found:
        assert found == package_folder
