"""Where things are: the checkout, the binary, the sample models and the engine's fixtures."""

from __future__ import annotations

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
EXAMPLES = CHECKOUT / "examples"
FIXTURES = CHECKOUT / "Tests" / "Fixtures"


def binary() -> Path:
    """Find the server: APUS_BINARY, else the newest build."""
    named = os.environ.get("APUS_BINARY")
    if named:
        return Path(named).resolve()
    builds = [CHECKOUT / ".build" / kind / "apus" for kind in ("release", "debug")]
    found = [path for path in builds if path.exists()]
    if not found:
        raise SystemExit("no apus binary: run 'swift build -c release', or name one in APUS_BINARY")
    return max(found, key=lambda path: path.stat().st_mtime).resolve()


def environment(**additions: str) -> dict[str, str]:
    """Give a server's environment: ours without APUS_ variables, but for the engine's path."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("APUS_")}
    engine = os.environ.get("APUS_ENGINE_PATH")
    if engine:
        kept["APUS_ENGINE_PATH"] = engine
    return kept | additions
