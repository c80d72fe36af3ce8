# SPDX-License-Identifier: GPL-2.0-or-later
"""Command line of the county generator.

python -m tests.county --parcels 5000 --seed 140225 --defects --out county.gpkg --truth truth.json
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.county import SEED, make_clean_county, make_county
from tests.county.centre import make_centre
from tests.county.write import write_geopackage, write_truth
from tests.plans import golden, outputs

SAMPLE = Path(__file__).resolve().parents[2] / "resources" / "sample"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.county", description="Makes the sample county.")
    parser.add_argument("--parcels", type=int, default=5000, help="about this many parcels")
    parser.add_argument("--seed", type=int, default=SEED)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--defects", action="store_true", default=True, help="with planted defects (default)")
    kind.add_argument("--clean", dest="defects", action="store_false", help="without any")
    parser.add_argument(
        "--full", action="store_true", help="a whole plan: also what the rest of the rule book looks at"
    )
    parser.add_argument("--terraced", action="store_true", help="farmland passes by gross and fails by net area")
    parser.add_argument("--vertices-per-edge", type=int, default=1, help="roughness; 7 for benchmarks")
    parser.add_argument("--out", type=Path, default=SAMPLE / "county.gpkg")
    parser.add_argument("--truth", type=Path, help="default: truth.json beside the county")
    parser.add_argument(
        "--golden", action="store_true", help="only writes the sample's outputs anew (tests/plans/golden)"
    )
    given = parser.parse_args()
    if given.golden:
        golden.write_goldens()
        outputs.write_goldens()
        return
    if given.full and given.out == SAMPLE / "county.gpkg":
        parser.error("--full needs --out: it is not the sample")
    shape = {"terraced": given.terraced, "vertices_per_edge": given.vertices_per_edge}
    layers, truth = make_county(given.parcels, given.seed, given.defects, full=given.full, **shape)
    truth_path = given.truth or given.out.with_name("truth.json")
    for path in (given.out, truth_path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_geopackage(given.out, layers)
    write_truth(truth_path, truth)
    print(f"{given.out}: {truth['county']['parcels']} parcels, {given.out.stat().st_size / 1e6:.2f} MB")
    print(f"{truth_path}: {len(truth['defects'])} findings to be found")
    if not given.full:  # a full plan has a separate centre
        centre = given.out.with_name("centre.gpkg")
        write_geopackage(centre, make_centre(make_clean_county(given.parcels, given.seed, **shape), given.seed))
        print(f"{centre}: {centre.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
