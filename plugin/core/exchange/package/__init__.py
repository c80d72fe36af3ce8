# SPDX-License-Identifier: GPL-2.0-or-later
"""汇交成果包: from a checked plan to a folder that the receiving system takes; what is in it is data (`profile`)."""
