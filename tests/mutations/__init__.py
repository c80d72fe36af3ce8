# SPDX-License-Identifier: GPL-2.0-or-later
"""Mutations: planted defects of a county, each found by exactly the declared rule.

A mutation is a function `plant_…` that puts one defect into a county without defects. It gets a `CountyDraft`: a copy of
that county with the data of all rules. `@declare_mutation` declares the rule that must find the defect, the count, and
consequences of the defect:

    @declare_mutation("ATT021")
    def plant_village_with_two_names(draft):
        draft.change("DLTB", draft.pick_row("DLTB", draft.wild), ZLDWMC="永安镇别村")

    @declare_mutation("ATT003", case="rate")
    def plant_deduction_rate_above_one(draft): ...

These rules then run, and in `make test-all` all rules. Compared with the clean county, the rule must have `finds` new findings (default 1; `case` names the
message of a rule with several), each code in `follows` must have findings too, and no other rule may. `silent`: rules
that no longer run, because the defect removes their data. A declared code without findings is an error, like an
undeclared code with findings.

A function that returns a shape gives the place of the defect: the findings must have that shape, and its area by an
independent formula (`tests.county.measure`).

A new rule needs a mutation for each of its messages: add it to the module of its subject (`law.py`, `farmland.py`,
`heritage.py` …), run `pytest tests/mutations -k LAW011`, and read the result. Add data that the clean county lacks (a
layer, a side input such as a baseline) to tests/county (`full.py`) or to `side_inputs.py`, without defects. Choose places
with `draft.choose(mask, fits)`; edit with the methods of `DefectEditor` (`row`, `reshape`, `change`, `add`, `drop_row`,
`extend_shape`, `reduce_shape`, `choose_thin_triangle`); set values of the county with `append_to_profile`. `reshape` updates the area field (MJ),
`replace_shape` all areas of a parcel, so that there is only one defect. A rule that leaves a case to another one is tested in the
base without that one (`base="without ATT002"`).
"""
