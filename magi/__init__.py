"""MAGI: a council of different language models answers, rules reconcile, a ledger proves it.

START HERE: `magi/service/run.py` tells one deliberation as numbered steps.
"""

__version__ = "0.1.0"
