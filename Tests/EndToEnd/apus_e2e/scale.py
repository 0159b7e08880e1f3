"""How much to do, and from which seed."""

from __future__ import annotations

import os
import random

#: Twenty times more of everything that is repeated.
IS_LONG = os.environ.get("APUS_LONG") == "1"

#: Where random choices start; set APUS_SEED to repeat or to vary a run.
SEED = int(os.environ.get("APUS_SEED", "20261121"))


def scaled(count: int) -> int:
    """Scale a number of repetitions."""
    return count * 20 if IS_LONG else count


def seeded(purpose: str) -> random.Random:
    """Make a generator for one purpose and say how to repeat it."""
    print(f"seed of {purpose}: APUS_SEED={SEED}")
    return random.Random(f"{SEED}/{purpose}")
