# SPDX-License-Identifier: GPL-2.0-or-later
"""One defect in a clean county, and exactly the rule that is there for it answers.

A mutation is a function that plants one defect. It gets a `Draft`: the clean county with everything that the rule book
looks at, a copy of its own. `@plants` says which rule has to answer, how often, and what follows from the defect:

    @plants("ATT021")
    def a_village_by_two_names(draft):
        draft.change("DLTB", draft.pick("DLTB", draft.wild), ZLDWMC="永安镇别村")

    @plants("ATT003", case="rate")
    def a_deduction_rate_above_one(draft): ...

The whole rule book then runs. Compared with the clean county, the rule must find what it says (`finds`, 1 unless said; of a
rule with several sentences `case` names the one that is said), each code in `follows` must find something too, and no other may. `silent`: rules that cannot look any more, for the
defect takes away what they need. A code declared that does not answer is as wrong as one that answers undeclared.

A function that gives back a shape says where the defect is: what the rule finds must be that land, and as large by the
second formula of area (`tests.county.measure`).

A new rule needs a mutation for each of its sentences: put it into the module of its matter (`law.py`, `farmland.py`,
`heritage.py` …), run
`pytest tests/mutations -k LAW011`, and read what it says. What the clean county lacks (a layer, a side input such as a
baseline) is added to tests/county (`full.py`) or to `side.py`, so that it stays clean. Pick places with
`draft.choose(mask, fits)`; use `DefectEditor`'s verbs (`row`, `reshape`, `change`, `add`, `drop`, `grown`, `shrunk`,
`choose_blade`); a setting of the county by `county_sets`. `reshape` keeps the area field (MJ) right, `redraw` all areas of
a parcel, so that the defect stays one. A rule that leaves a matter to another speaks for itself in the base without that
one (`base="without ATT002"`).
"""
