# SPDX-License-Identifier: GPL-2.0-or-later
"""Net areas of parts never exceed the area because of two measures; wrong attributes stay visible."""

import numpy as np

from plugin.core.geometry.net_areas import limit_net_areas


def test_an_excess_of_the_measure_becomes_the_area_and_other_values_stay():
    areas = np.array([46810.75, 19717.19, 100.0, 100.0, 0.01, 50.0])
    nets = np.array([46810.84, 19000.0, 100.025, 180.0, 0.02, np.nan])

    limited = limit_net_areas(nets, areas)

    assert limited[:5].tolist() == [46810.75, 19000.0, 100.0, 180.0, 0.01]
    assert np.isnan(limited[5])
