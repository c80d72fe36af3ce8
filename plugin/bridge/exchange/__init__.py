# SPDX-License-Identifier: GPL-2.0-or-later
"""Files from other systems: VCT and yearly maintenance."""
