# SPDX-License-Identifier: GPL-2.0-or-later
"""Damages guided by coverage, where Atheris is installed: ``python -m tests.fuzz.guided READER [options of libFuzzer]``.

The reader has one small file. A damage that reaches new lines of the plugin is kept and damaged again; the first error
that is not a message ends the run and leaves its file.
"""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(include=["plugin.core"]):
    from tests.fuzz.damage import damage_data
    from tests.fuzz.readers import READERS, call_reader
    from tests.fuzz.run import import_everything

    import_everything()

LIMITS = ("-timeout=10", "-rss_limit_mb=2048", "-max_len=200000")


def guide(name: str, options: list[str]) -> None:
    """Damage the file of a reader until libFuzzer ends the run, by its options or with an error."""
    with TemporaryDirectory(prefix="sanxian-fuzz-") as folder:
        place = Path(folder)
        for part in ("in", "out", "corpus"):
            (place / part).mkdir()
        READERS[name].write(place / "in")
        (file,) = (place / "in").iterdir()
        (place / "corpus/valid").write_bytes(file.read_bytes())

        def read_one(data: bytes) -> None:
            file.write_bytes(data)
            with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
                call_reader(READERS[name].read, place)

        def damage_one(data: bytes, max_size: int, seed: int) -> bytes:
            return damage_data(data, file.suffix, Random(seed))[0][:max_size]

        arguments = [sys.argv[0], *LIMITS, *options, str(place / "corpus")]
        atheris.Setup(arguments, read_one, custom_mutator=damage_one)
        atheris.Fuzz()


if __name__ == "__main__":
    os.environ.setdefault("OGR_SQLITE_SYNCHRONOUS", "OFF")
    guide(sys.argv[1], sys.argv[2:])
