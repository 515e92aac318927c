"""``neurosim platforms``: the machines that networks can be run as, and what is assumed of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from itertools import zip_longest
from textwrap import wrap
from typing import Any

import click

from ..errors import NeurosimError
from .output import print_json, print_lines

_NONE = "  none is installed"
_WIDEST = 60  # of a column, in characters
_FACTS = {
    "C": "confirmed",
    "Cx": "computed from what is confirmed",
    "2": "from a secondary source",
    "U": "assumed",
    "choice": "the user's choice",
}


@click.command("platforms")
@click.argument("platform", required=False)
@click.option("--assumptions", is_flag=True, help="Every value that no primary source confirms.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(platform: str | None, assumptions: bool, as_json: bool) -> None:
    """List the neuromorphic machines, or the settings of one PLATFORM.

    A setting is given as 'neurosim run ... --platform PLATFORM --platform-set NAME=VALUE', and an
    approximation is allowed by '--allow NAME'.
    """
    from ..platforms import platform_class, platform_names  # noqa: PLC0415 - imports Brian2

    names = platform_names() if platform is None else [platform]
    found, missing = {}, {}
    for name in names:
        try:
            found[name] = platform_class(name)
        except NeurosimError as error:
            if platform is not None:
                raise
            missing[name] = str(error)
    told = {name: _account(made, assumptions) for name, made in found.items()}
    if as_json:
        print_json({"platforms": told, "cannot be loaded": missing})
    elif assumptions:
        for name, account in told.items():
            print_lines(_assumptions(name, account["assumptions"]))
    elif platform is not None:
        tell_platform(platform)
    else:
        summaries = {name: account["summary"] for name, account in told.items()} | missing
        print_lines(_columns([[n, text] for n, text in summaries.items()]) or [_NONE])


def tell_platform(name: str) -> None:
    """Print the settings of one platform."""
    from ..platforms import platform_class  # noqa: PLC0415 - imports Brian2

    print_lines(_one(name, _account(platform_class(name), assumptions=False)))


def _account(made: Callable[..., Any], assumptions: bool) -> dict[str, Any]:
    """Return what a platform's class says of itself."""
    account = {
        "summary": str(getattr(made, "summary", "")),
        "settings": [_setting(own) for own in fields(made)] if is_dataclass(made) else [],
        "approximations": dict(getattr(made, "approximations", {})),
    }
    if assumptions:
        listed: list[Any] = getattr(made(), "assumptions", list)()
        names = ("name", "value", "meaning", "fact", "source", "changeable")
        account["assumptions"] = [{n: getattr(one, n) for n in names} for one in listed]
    return account


def _setting(own: Any) -> dict[str, Any]:
    facts = own.metadata
    return {
        "name": own.name,
        "default": _plain(own.default),
        "meaning": facts.get("meaning", ""),
        "allowed": _allowed(facts),
        "fact": facts.get("fact", ""),
        "source": facts.get("source", ""),
        "imperfection": bool(facts.get("imperfection", False)),
    }


def _plain(value: Any) -> Any:
    """Return a default as JSON can tell it."""
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, bool | int | float | str) or value is None else str(value)


def _allowed(facts: Mapping[str, Any]) -> str:
    """Return what a setting may be; "" for anything of its kind."""
    if facts.get("choices"):
        return ", ".join(map(str, facts["choices"]))
    low, high = facts.get("low"), facts.get("high")
    if low is None and high is None:
        return ""
    if high is None:
        return f"{low:g} or more"
    return f"up to {high:g}" if low is None else f"{low:g} to {high:g}"


def _one(name: str, account: Mapping[str, Any]) -> list[str]:
    lines = [f"{name}: {account['summary']}", "", "settings (--platform-set NAME=VALUE):"]
    rows = [["name", "default", "", "allowed", "how sure"]]
    for own in account["settings"]:
        sure = _FACTS.get(own["fact"], own["fact"])
        sure += f" ({own['source']})" if own["source"] else ""
        default = ", ".join(own["default"]) if isinstance(own["default"], list) else own["default"]
        rows.append([own["name"], f"{default}" or "none", own["meaning"], own["allowed"], sure])
    lines += _columns(rows)
    imperfect = [own["name"] for own in account["settings"] if own["imperfection"]]
    if imperfect:
        lines += ["", "imperfections, each of which can be switched on alone:"]
        lines.append(f"  {', '.join(imperfect)}")
    if account["approximations"]:
        lines += ["", "approximations (--allow NAME):"]
        lines += _columns([[key, text] for key, text in account["approximations"].items()])
    return lines


def _assumptions(name: str, listed: list[dict[str, Any]]) -> list[str]:
    if not listed:
        return [f"{name}: nothing is assumed", ""]
    rows = [["name", "value", "what it is", "how sure", "can be set"]]
    for one in listed:
        sure = _FACTS.get(one["fact"], one["fact"])
        sure += f" ({one['source']})" if one["source"] else ""
        changeable = "yes" if one["changeable"] else "no"
        rows.append([one["name"], one["value"], one["meaning"], sure, changeable])
    return [f"{name}:", *_columns(rows), ""]


def _columns(rows: list[list[str]]) -> list[str]:
    """Return rows as columns; long texts go on below themselves."""
    widest = _WIDEST * (2 if rows and len(rows[0]) == 2 else 1)
    wrapped = [[wrap(cell, widest) or [""] for cell in row] for row in rows]
    columns = zip(*wrapped, strict=True)
    widths = [max(len(line) for cell in column for line in cell) for column in columns]
    lines = []
    for row in wrapped:
        for parts in zip_longest(*row, fillvalue=""):
            cells = (part.ljust(width) for part, width in zip(parts, widths, strict=True))
            lines.append(("  " + "  ".join(cells)).rstrip())
    return lines
