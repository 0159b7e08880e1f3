"""Asks a running Apus which iris a flower is, and says whether the answer is the expected one.

    python3 scripts/lib/prediction.py http://127.0.0.1:8000

The question and its expected answer come from examples/requests/iris.json.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "requests" / "iris.json"
SPECIES = ("Iris setosa", "Iris versicolor", "Iris virginica")
TOLERANCE = 1e-4


class Unexpected(Exception):
    """The answer isn't what it should be; the message is a sentence for the user."""


def read_example() -> dict[str, Any]:
    """Read the stored request for a real flower."""
    cases = json.loads(EXAMPLES.read_text())
    return next(case for case in cases if case["name"] == "real_sample")


def ask(url: str, body: bytes) -> tuple[bytes, float]:
    """Post a request, past any proxy, and give the answer and the milliseconds that it took."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    started = time.perf_counter()
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.read(), (time.perf_counter() - started) * 1e3
    except urllib.error.HTTPError as error:
        words = error.read().decode(errors="replace")
        raise Unexpected(f"the server answered with status {error.code}: {words}") from None
    except OSError as error:
        raise Unexpected(f"the server at {url} doesn't answer: {error}") from None


def is_same(actual: Any, expected: Any) -> bool:
    """Compare two outputs, their numbers with a tolerance."""
    facts = ("name", "datatype", "shape")
    if any(actual.get(fact) != expected[fact] for fact in facts):
        return False
    pairs = zip(actual.get("data", []), expected["data"])
    return len(actual.get("data", [])) == len(expected["data"]) and all(abs(a - e) <= TOLERANCE for a, e in pairs)


def check(answer: bytes, expected: dict[str, Any]) -> dict[str, list[Any]]:
    """Require the expected outputs and give their data by name."""
    try:
        outputs = {output["name"]: output for output in json.loads(answer)["outputs"]}
    except (ValueError, KeyError, TypeError):
        raise Unexpected(f"the answer isn't a v2 answer: {answer[:500]!r}") from None
    for output in expected["outputs"]:
        if output["name"] not in outputs or not is_same(outputs[output["name"]], output):
            raise Unexpected(f"expected {json.dumps(output)}, and the answer is {answer[:500].decode()}")
    return {name: output["data"] for name, output in outputs.items()}


def explain(data: dict[str, list[Any]]) -> str:
    """Say in words what the model found."""
    parts = (f"{s.split()[1]} {p:.0%}" for s, p in zip(SPECIES, data["probabilities"]))
    return f"It means: {SPECIES[data['label'][0]]} ({', '.join(parts)})."


def main() -> int:
    """Show question, answer and meaning; 1 when the answer isn't the expected one."""
    url = f"{sys.argv[1]}/v2/models/iris/infer"
    example = read_example()
    body = json.dumps(example["request"], separators=(",", ":"))
    sepal_length, sepal_width, petal_length, petal_width = example["request"]["inputs"][0]["data"]
    print(
        f"The question: sepals of {sepal_length} x {sepal_width} cm, petals of {petal_length} x {petal_width} cm: "
        f"which iris is it?\n\n  POST {url}\n  {body}\n"
    )
    try:
        answer, milliseconds = ask(url, body.encode())
        data = check(answer, example["response"])
    except Unexpected as failure:
        print(f"quickstart: {failure}", file=sys.stderr)
        return 1
    print(f"The answer, after {milliseconds:.1f} ms:\n\n  {answer.decode()}\n\n{explain(data)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
