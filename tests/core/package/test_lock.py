# SPDX-License-Identifier: GPL-2.0-or-later
"""Locks on a package: one export at a time, none during inspection; locks of killed processes expire."""

import errno
import os
import signal
import subprocess
import sys
import types
from pathlib import Path

import pytest

from plugin.core.errors import InputError, OutputError
from plugin.core.messages.texts import Texts
from plugin.core.package import folder
from plugin.core.package.folder import LOCK, lock_for_reading, lock_for_writing
from plugin.core.package.inspection.archive import unpack_package

TREE = str(Path(__file__).resolve().parents[3])
#: Takes the lock, prints a line, and keeps the lock until it receives a line.
HOLDING = """
import sys
sys.path.insert(0, {tree!r})
from pathlib import Path
from plugin.core.package.folder import lock_for_reading, lock_for_writing
with lock_for_{how}(Path({target!r})):
    print("has it", flush=True)
    sys.stdin.readline()
"""


class OtherProcess:
    """Another process that holds the lock."""

    def __init__(self, how, target):
        text = HOLDING.format(tree=TREE, how=how, target=str(target))
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([sys.executable, "-c", text], stdin=pipe, stdout=pipe, text=True)
        assert self.process.stdout.readline() == "has it\n"

    def ends(self):
        self.process.communicate("\n", timeout=60)
        assert self.process.returncode == 0

    def is_killed(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.communicate(timeout=60)


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "140225浑源县"
    folder.mkdir()
    return folder


@pytest.fixture
def start_other(target):
    started = []

    def start(how):
        started.append(OtherProcess(how, target))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.is_killed()


def is_alone(target):
    return [p.name for p in target.parent.iterdir()] == [target.name]


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
def test_second_process_is_refused_until_the_first_ends(target, start_other, first, second, error, end):
    one = start_other(first)
    if error:
        with pytest.raises(error) as caught, second(target):
            pass
        assert caught.value.key == "package_busy"
        for lang in ("zh", "en"):
            message = Texts(lang).explain(caught.value)
            assert str(target) in message and f"({one.process.pid})" in message
    else:
        with second(target):
            pass
        # The first still has it.
        with pytest.raises(OutputError), lock_for_writing(target):
            pass
    one.ends() if end == "ends" else one.is_killed()
    with lock_for_writing(target):
        assert not is_alone(target)
    assert is_alone(target)


def test_second_task_of_a_process_is_refused(target):
    with lock_for_writing(target):
        for second, error in ((lock_for_writing, OutputError), (lock_for_reading, InputError)):
            with pytest.raises(error), second(target):
                pass
    with lock_for_reading(target), lock_for_reading(target), pytest.raises(OutputError), lock_for_writing(target):
        pass
    assert is_alone(target)
    with lock_for_writing(target), lock_for_writing(target.with_name("别的")):
        pass


def test_lock_is_released_after_an_error(target):
    with pytest.raises(KeyboardInterrupt), lock_for_writing(target):
        raise KeyboardInterrupt
    assert is_alone(target)


def test_target_is_locked_under_any_path(target):
    link = target.with_name("链接")
    link.symlink_to(target)
    with lock_for_writing(target), pytest.raises(OutputError), lock_for_writing(link):
        pass


def test_lock_file_deleted_by_its_owner_is_replaced(target, monkeypatch):
    """Open before and lock after the deletion; that file excludes no other process."""
    real, times = folder._lock, []

    def delete_then_lock(handle, alone):
        if not times:
            os.unlink(folder._lock_path(target))
        times.append(1)
        return real(handle, alone)

    monkeypatch.setattr(folder, "_lock", delete_then_lock)
    with lock_for_writing(target):
        assert folder._lock_path(target).exists() and len(times) == 2
        with pytest.raises(OutputError), lock_for_writing(target):
            pass


def make_failing(code):
    def fail(*arguments):
        raise OSError(code, os.strerror(code))

    return fail


def test_file_systems_without_locks_or_read_only_are_handled(target, monkeypatch):
    import fcntl

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", make_failing(errno.ENOLCK))
        with lock_for_writing(target), lock_for_reading(target):
            pass
    assert is_alone(target)
    monkeypatch.setattr(os, "open", make_failing(errno.EROFS))
    with lock_for_reading(target):
        pass
    with pytest.raises(OutputError) as caught, lock_for_writing(target):
        pass
    assert caught.value.key == "output_unwritable" and caught.value.params["detail"] == "read_only"


class Msvcrt:
    """A fake of byte locks on Windows: exclusive by open file and byte, released on close."""

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
    made, real = Msvcrt(), os.unlink

    def unlink(path):
        """Refuse to delete open files, as Windows does."""
        if any(file == os.stat(path).st_ino for file, _ in made.locked):
            raise PermissionError(errno.EACCES, "in use", str(path))
        real(path)

    monkeypatch.setattr(os, "unlink", unlink)
    monkeypatch.setitem(sys.modules, "msvcrt", made)
    monkeypatch.setattr(folder, "sys", types.SimpleNamespace(platform="win32", executable=r"C:\QGIS\qgis-bin.exe"))
    return made


def test_byte_locks_of_windows_behave_alike(target, fake_windows):
    with lock_for_writing(target):
        assert (
            len(fake_windows.locked) == folder._READERS and min(byte for _, byte in fake_windows.locked) == folder._AT
        )
        for second, error in ((lock_for_writing, OutputError), (lock_for_reading, InputError)):
            with pytest.raises(error) as caught, second(target):
                pass
            assert f"({os.getpid()})" in caught.value.params["who"]
    with lock_for_reading(target):
        with lock_for_reading(target):
            assert len(fake_windows.locked) == 2
        with pytest.raises(OutputError), lock_for_writing(target):
            pass
    assert not fake_windows.locked and is_alone(target)


def test_inspection_locks_the_package(target):
    (target / "a.txt").touch()
    with unpack_package(target.parent) as found:
        assert found == target
        with pytest.raises(OutputError), lock_for_writing(target):
            pass
    # A leftover lock file next to a package does not belong to it.
    target.with_name(target.name + LOCK).touch()
    with unpack_package(target.parent) as found:
        assert found == target
