# SPDX-License-Identifier: GPL-2.0-or-later
"""Make three silent films of a minute each, with captions, in dist/films: first check, fixing, submission package.

``tools/run.sh python tools/films.py [name …]``. The desktop runs on a virtual screen (tests/desktop/film.py); ffmpeg
records it, then changes its speed to 60 s. Films are in neither the repository nor the zip.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.desktop import start  # noqa: E402

NAMES = ("first-check", "fixing", "package")
SECONDS = 60
SCREEN_SIZE = "1600x900"
MAX_FILE_MB = 8.0


def measure_seconds(film: Path) -> float:
    """Return the length of a film."""
    command = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(film)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def make_film(name: str, target: Path) -> None:
    """Record a film; write it as MP4 of 60 s. Raise DesktopError if a step did not come, or was logged as an error."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        settings = {"SANXIAN_FILM": name}
        facts = start.run("film", folder / "run", folder / "shots", size=SCREEN_SIZE, timeout=420, settings=settings)
        if lost := [*facts["waits_in_vain"], *facts["log"]]:
            raise start.DesktopError("\n".join(lost))
        recorded = folder / "shots" / f"{name}.mkv"
        speed = SECONDS / measure_seconds(recorded)
        command = ["ffmpeg", "-loglevel", "error", "-y", "-i", str(recorded), "-an", "-t", str(SECONDS)]
        command += ["-vf", f"setpts={speed:.6f}*PTS", "-r", "10", "-c:v", "libx264", "-crf", "26"]
        # Older players need this format of pixels, and the index at the beginning.
        command += ["-pix_fmt", "yuv420p", "-movflags", "+faststart", "-map_metadata", "-1", str(target)]
        subprocess.run(command, check=True)


def main(names: list[str]) -> None:
    """Make the films with these names, all without names."""
    lacking = [program for program in (*start.NEEDED, "ffmpeg", "ffprobe") if shutil.which(program) is None]
    if lacking or not {*names} <= {*NAMES}:
        sys.exit(f"missing programs: {', '.join(lacking) or 'none'}; films: {', '.join(NAMES)}")
    target = ROOT / "dist" / "films"
    target.mkdir(parents=True, exist_ok=True)
    for name in names or NAMES:
        film = target / f"{name}.mp4"
        make_film(name, film)
        megabytes = film.stat().st_size / 1e6
        print(f"{film}  {measure_seconds(film):.1f} s  {megabytes:.2f} MB")
        if megabytes > MAX_FILE_MB:
            sys.exit(f"{film} is larger than {MAX_FILE_MB:g} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
