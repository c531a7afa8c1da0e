"""Bodies in words of JSON that both sides understand, as meaning.ts has them."""

import base64
from dataclasses import dataclass
from typing import Any


@dataclass
class Order:
    """What FastStream makes of a body by the type of a handler's parameter."""

    id: int
    tags: list[str]


def told(body: dict[str, Any]) -> Any:
    """Make the value that a description in JSON stands for."""
    match body:
        case {"text": text}:
            return text
        case {"bytes": encoded}:
            return base64.b64decode(encoded)
        case {"order": order}:
            return Order(**order)
        case {"json": value}:
            return value
        case _:
            return None


def describe(value: Any) -> dict[str, Any]:
    """Tell in JSON what a value is: the way back of told()."""
    if isinstance(value, str):
        return {"text": value}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    return {"json": value}
