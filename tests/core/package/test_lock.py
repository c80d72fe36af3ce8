# SPDX-License-Identifier: GPL-2.0-or-later
"""One export at a time into one target, none while somebody inspects it; a lock that a killed process left holds nobody up."""

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
#: Takes the lock, says so, and keeps it until a line comes.
HOLDING = """
import sys
sys.path.insert(0, {tree!r})
from pathlib import Path
from plugin.core.package.folder import reading, writing
with {how}(Path({target!r})):
    print("has it", flush=True)
    sys.stdin.readline()
"""


class Other:
    """Another process that has the lock."""

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
def other(target):
    started = []

    def start(how):
        started.append(Other(how, target))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.is_killed()


def alone(target):
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
def test_two_processes(target, other, first, second, error, end):
    one = other(first)
    if error:
        with pytest.raises(error) as caught, second(target):
            pass
        assert caught.value.key == "package_busy"
        for lang in ("zh", "en"):
            told = Texts(lang).explain(caught.value)
            assert str(target) in told and f"({one.process.pid})" in told
    else:
        with second(target):
            pass
        # The first still has it.
        with pytest.raises(OutputError), lock_for_writing(target):
            pass
    one.ends() if end == "ends" else one.is_killed()
    with lock_for_writing(target):
        assert not alone(target)
    assert alone(target)


def test_two_tasks_of_one_process(target):
    with lock_for_writing(target):
        for second, error in ((lock_for_writing, OutputError), (lock_for_reading, InputError)):
            with pytest.raises(error), second(target):
                pass
    with lock_for_reading(target), lock_for_reading(target), pytest.raises(OutputError), lock_for_writing(target):
        pass
    assert alone(target)
    with lock_for_writing(target), lock_for_writing(target.with_name("别的")):
        pass


def test_it_goes_whatever_goes_wrong(target):
    with pytest.raises(KeyboardInterrupt), lock_for_writing(target):
        raise KeyboardInterrupt
    assert alone(target)


def test_one_target_by_two_names(target):
    link = target.with_name("链接")
    link.symlink_to(target)
    with lock_for_writing(target), pytest.raises(OutputError), lock_for_writing(link):
        pass


def test_a_file_that_its_holder_deletes_is_nobodys(target, monkeypatch):
    """Opened before the deletion and locked after it, it would keep nobody out: another is made."""
    real, times = folder._lock, []

    def late(handle, alone):
        if not times:
            os.unlink(folder._beside(target))
        times.append(1)
        return real(handle, alone)

    monkeypatch.setattr(folder, "_lock", late)
    with lock_for_writing(target):
        assert folder._beside(target).exists() and len(times) == 2
        with pytest.raises(OutputError), lock_for_writing(target):
            pass


def refusing(code):
    def refused(*arguments):
        raise OSError(code, os.strerror(code))

    return refused


def test_a_disk_without_locks_and_one_for_reading_only(target, monkeypatch):
    import fcntl

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", refusing(errno.ENOLCK))
        with lock_for_writing(target), lock_for_reading(target):
            pass
    assert alone(target)
    monkeypatch.setattr(os, "open", refusing(errno.EROFS))
    with lock_for_reading(target):
        pass
    with pytest.raises(OutputError) as caught, lock_for_writing(target):
        pass
    assert caught.value.key == "output_unwritable" and caught.value.params["detail"] == "read_only"


class Msvcrt:
    """Windows's locks of bytes, as far as they are used here: by open file and byte, exclusive, gone with the file."""

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
def windows(monkeypatch):
    made, real = Msvcrt(), os.unlink

    def unlink(path):
        """Windows deletes nothing that is open."""
        if any(file == os.stat(path).st_ino for file, _ in made.locked):
            raise PermissionError(errno.EACCES, "in use", str(path))
        real(path)

    monkeypatch.setattr(os, "unlink", unlink)
    monkeypatch.setitem(sys.modules, "msvcrt", made)
    monkeypatch.setattr(folder, "sys", types.SimpleNamespace(platform="win32", executable=r"C:\QGIS\qgis-bin.exe"))
    return made


def test_the_same_by_the_bytes_of_windows(target, windows):
    with lock_for_writing(target):
        assert len(windows.locked) == folder._READERS and min(byte for _, byte in windows.locked) == folder._AT
        for second, error in ((lock_for_writing, OutputError), (lock_for_reading, InputError)):
            with pytest.raises(error) as caught, second(target):
                pass
            assert f"({os.getpid()})" in caught.value.params["who"]
    with lock_for_reading(target):
        with lock_for_reading(target):
            assert len(windows.locked) == 2
        with pytest.raises(OutputError), lock_for_writing(target):
            pass
    assert not windows.locked and alone(target)


def test_who_inspects_a_folder_has_it(target):
    (target / "a.txt").touch()
    with unpack_package(target.parent) as found:
        assert found == target
        with pytest.raises(OutputError), lock_for_writing(target):
            pass
    # What a kill left beside a package is no part of it.
    target.with_name(target.name + LOCK).touch()
    with unpack_package(target.parent) as found:
        assert found == target
