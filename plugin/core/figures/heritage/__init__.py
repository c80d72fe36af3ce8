# SPDX-License-Identifier: GPL-2.0-or-later
"""Protection lines, nature reserves, and the register of heritage sites."""
