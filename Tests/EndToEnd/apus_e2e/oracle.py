"""Says what a v2 server must answer to a JSON body: Python's strict parser, and the protocol's rules on top.

It is written from CONTRACTS §0, §3 and §6 and knows nothing of the server. Where they leave something open it says so
(`EITHER`) instead of guessing.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

BARE_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
FLOAT_LIMITS = {"FP32": float(np.float32(3.4028235e38)), "FP64": float(np.finfo(np.float64).max)}
INTEGER_LIMITS = {"INT32": (-(1 << 31), (1 << 31) - 1), "INT64": (-(1 << 63), (1 << 63) - 1)}


class Verdict(Enum):
    """What the answer must be."""

    VALID = "200"
    INVALID = "400"
    EITHER = "200 or 400"


class Invalid(Exception):
    """The body must be refused."""


@dataclass(frozen=True)
class Bare:
    """NaN, Infinity or -Infinity."""

    word: str


class Members(list[tuple[str, Any]]):
    """An object: its members in order, duplicates kept."""

    def one(self, name: str) -> Any:
        """Give a member's value, None when it is absent; twice is invalid."""
        values = [value for key, value in self if key == name]
        if len(values) > 1:
            raise Invalid(f"'{name}' twice")
        return values[0] if values else None

    def has(self, name: str) -> bool:
        """Tell whether there is such a member."""
        return any(key == name for key, _ in self)


@dataclass
class Judgement:
    """A verdict, and for valid bodies what the answer must hold."""

    verdict: Verdict
    reason: str = ""
    id: str = ""
    elements: list[Any] | None = None
    #: The timeout is short enough to pass before the answer.
    can_expire: bool = False


@dataclass(frozen=True)
class Model:
    """An identity model: one input of two variable dimensions, one output."""

    datatype: str
    input: str = "x"
    output: str = "y"


def judge(body: bytes, model: Model) -> Judgement:
    """Judge a body sent to an identity model."""
    return _Judge(model).judge(body)


class _Judge:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.is_open = False
        self.can_expire = False

    def judge(self, body: bytes) -> Judgement:
        try:
            root = json.loads(
                body.decode("utf-8"), object_pairs_hook=Members, parse_constant=Bare, parse_float=float, parse_int=int
            )
        except (ValueError, RecursionError) as error:
            return Judgement(Verdict.INVALID, str(error))
        try:
            name, elements = self.root(root)
        except Invalid as error:
            return Judgement(Verdict.INVALID, str(error))
        verdict = Verdict.EITHER if self.is_open else Verdict.VALID
        return Judgement(verdict, "", name, elements, self.can_expire)

    def root(self, root: Any) -> tuple[str, list[Any]]:
        if not isinstance(root, Members):
            raise Invalid("the root is no object")
        for key, value in root:
            self.text(key)
            if key not in ("id", "parameters", "inputs", "outputs"):
                self.ignored(value)
        name = root.one("id")
        if root.has("id"):
            if not isinstance(name, str):
                raise Invalid("id is no string")
            self.text(name)
        if root.has("parameters"):
            self.parameters(root.one("parameters"))
        else:
            root.one("parameters")
        if root.has("outputs"):
            self.outputs(root.one("outputs"))
        return name or "", self.inputs(root.one("inputs"))

    def parameters(self, value: Any) -> None:
        if not isinstance(value, Members):
            raise Invalid("parameters are no object")
        names = [key for key, _ in value]
        if len(names) != len(set(names)):
            self.is_open = True
        for key, item in value:
            self.text(key)
            if key.startswith("triton_"):
                raise Invalid("reserved parameter")
            if key == "binary_data_output" and not isinstance(item, bool):
                raise Invalid("binary_data_output is no boolean")
            if key in ("timeout", "priority") and (type(item) is not int or not 0 <= item < 1 << 64):
                raise Invalid(f"{key} is no unsigned integer")
            if key == "timeout" and 0 < item < 10_000_000:
                self.can_expire = True
            if item is None or isinstance(item, Members | list | Bare):
                raise Invalid("a parameter is no string, number or boolean")
            self.ignored(item)

    def outputs(self, value: Any) -> None:
        if type(value) is not list:
            raise Invalid("outputs are no array")
        names = []
        for item in value:
            if not isinstance(item, Members) or not isinstance(item.one("name"), str):
                raise Invalid("an output without a name")
            names.append(item.one("name"))
            if names[-1] != self.model.output:
                raise Invalid("an unknown output")
            if item.has("parameters"):
                self.output_parameters(item.one("parameters"))
            for key, other in item:
                self.text(key)
                if key not in ("name", "parameters"):
                    self.ignored(other)
        if len(names) != len(set(names)):
            self.is_open = True

    def output_parameters(self, value: Any) -> None:
        if not isinstance(value, Members):
            raise Invalid("an output's parameters are no object")
        for key, item in value:
            self.text(key)
            if key == "binary_data":
                if not isinstance(item, bool):
                    raise Invalid("binary_data is no boolean")
            else:
                self.ignored(item)

    def inputs(self, value: Any) -> list[Any]:
        if type(value) is not list:
            raise Invalid("inputs are no array")
        tensors = [self.input(item) for item in value]
        if len(tensors) != 1:
            raise Invalid("not one input")
        return tensors[0]

    def input(self, item: Any) -> list[Any]:
        if not isinstance(item, Members):
            raise Invalid("an input is no object")
        for key, other in item:
            self.text(key)
            if key not in ("name", "shape", "datatype", "data", "parameters"):
                self.ignored(other)
        if item.one("name") != self.model.input or item.one("datatype") != self.model.datatype:
            raise Invalid("another name or datatype")
        if item.has("parameters"):
            if not isinstance(item.one("parameters"), Members):
                raise Invalid("an input's parameters are no object")
            self.ignored(item.one("parameters"))
        shape = item.one("shape")
        if type(shape) is not list or len(shape) != 2:
            raise Invalid("not two dimensions")
        if any(type(size) is not int or size < 0 for size in shape):
            raise Invalid("a dimension is no non-negative integer")
        elements = list(self.leaves(item.one("data")))
        if len(elements) != shape[0] * shape[1]:
            raise Invalid("another number of elements")
        return elements

    def leaves(self, data: Any) -> Any:
        if type(data) is not list:
            raise Invalid("data is no array")
        for item in data:
            if type(item) is list:
                yield from self.leaves(item)
            else:
                yield self.element(item)

    def element(self, item: Any) -> Any:
        datatype = self.model.datatype
        if datatype == "BYTES":
            if not isinstance(item, str):
                raise Invalid("an element is no string")
            self.text(item)
            return item
        if datatype in INTEGER_LIMITS:
            return self.integer(item, *INTEGER_LIMITS[datatype])
        if isinstance(item, Bare):
            return BARE_WORDS[item.word]
        if type(item) not in (int, float):
            raise Invalid("an element is no number")
        if not abs(item) <= FLOAT_LIMITS[datatype]:
            raise Invalid("an element is out of range")
        return float(item)

    def integer(self, item: Any, low: int, high: int) -> int:
        if type(item) is float and math.isfinite(item) and item == math.floor(item):
            self.is_open = True
            item = int(item)
        if type(item) is not int or not low <= item <= high:
            raise Invalid("an element is no integer of the type")
        return item

    def ignored(self, value: Any) -> None:
        """Check what the server doesn't need: it must be JSON all the same."""
        if isinstance(value, Bare):
            raise Invalid("a bare word outside data")
        if isinstance(value, str):
            self.text(value)
        elif isinstance(value, Members):
            for key, item in value:
                self.text(key)
                self.ignored(item)
        elif isinstance(value, list):
            for item in value:
                self.ignored(item)
        elif type(value) is float and not math.isfinite(value):
            self.is_open = True

    def text(self, value: str) -> None:
        """Half a surrogate pair is a string to Python and can't be written as UTF-8."""
        if any(0xD800 <= ord(character) <= 0xDFFF for character in value):
            self.is_open = True
