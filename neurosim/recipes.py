"""How the network of a checkpoint is made again: an installed experiment's name, or a file.

A recipe is plain data in the checkpoint. Of it nothing is executed: installed experiments are
found by name, network files (YAML, TOML) are kept as text, and a Python file must be given
again by the user.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import CheckpointError
from .experiment import NETWORK_FILES, Experiment, described, load_experiment

_KINDS = ("installed", "network file", "Python file")


@dataclass(frozen=True)
class Recipe:
    """An experiment and what was asked of it.

    Attributes
    ----------
    kind : {"installed", "network file", "Python file"}
    experiment : str
        Its name, or the absolute path of the file.
    sha256, text : str
        Of a file; the text of a network file only.
    scale, seed : number or None
    settings : tuple of str
        As typed after ``--set``.
    quick : bool
    platform : str
        The neuromorphic machine that it is run as; empty: none.
    platform_set, allow : tuple of str
        As typed after ``--platform-set`` and ``--allow``.
    """

    kind: str
    experiment: str
    sha256: str = ""
    text: str = ""
    scale: float | None = None
    seed: int | None = None
    settings: tuple[str, ...] = ()
    quick: bool = False
    platform: str = ""
    platform_set: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The experiment's name."""
        return self.experiment if self.kind == "installed" else Path(self.experiment).stem

    def make(self, given: str | None = None) -> Experiment:
        """Return the experiment again.

        Parameters
        ----------
        given : str, optional
            The experiment as the user names it again; needed of a Python file.

        Raises
        ------
        CheckpointError
            Another experiment or file than the one that was run, or none where one is needed.
        NeurosimError
            It is not installed any more, or what it describes is not allowed.
        """
        if given is not None and not given.endswith(".py"):
            self._require_same(given)
        if self.kind == "Python file":
            return self._python(given)
        if self.kind == "network file":
            from .config.network import understand  # noqa: PLC0415 - imports Brian2
            from .config.tree import parse_tree  # noqa: PLC0415 - imports Brian2

            return described(understand(parse_tree(self.text.encode(), self.experiment)))
        if Path(self.experiment).suffix:
            raise CheckpointError(f"{self.experiment!r} is not the name of an experiment.")
        return load_experiment(self.experiment)[1]

    def _require_same(self, given: str) -> None:
        path = Path(given)
        if path.suffix.lower() in NETWORK_FILES:
            same = self.kind == "network file" and _content(path) == self.text.encode()
        else:
            same = self.kind == "installed" and given == self.experiment
        if not same:
            raise CheckpointError(
                f"--experiment {given}: the checkpoint is of {self.experiment} ({self.kind}). "
                "Leave --experiment out."
            )

    def _python(self, given: str | None) -> Experiment:
        if given is None:
            raise CheckpointError(
                f"the checkpoint is of the Python file {self.experiment}, which is not executed "
                "unless you name it: add --experiment FILE.py."
            )
        if hashlib.sha256(_content(Path(given))).hexdigest() != self.sha256:
            raise CheckpointError(
                f"--experiment {given}: this is not the file that was run ({self.experiment}), or "
                "it was changed since. Give that file, as it was."
            )
        return load_experiment(given)[1]


def recipe_of(
    experiment: str,
    *,
    scale: float | None = None,
    seed: int | None = None,
    settings: Sequence[str] = (),
    quick: bool = False,
    platform: str | None = None,
    platform_set: Sequence[str] = (),
    allow: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the recipe of what ``neurosim run`` was asked for, as kept in checkpoints.

    Parameters
    ----------
    experiment : str
        A name or a path, as typed.
    scale, seed
        As used; None: the experiment's.
    settings : sequence of str
        The texts after ``--set``.
    quick : bool
    platform : str, optional
    platform_set, allow : sequence of str
        The texts after ``--platform-set`` and ``--allow``.
    """
    common: dict[str, Any] = {"scale": scale, "seed": seed, "settings": list(settings)}
    common |= {"quick": quick}
    if platform:
        common |= {"platform": platform, "platform_set": list(platform_set), "allow": list(allow)}
    path = Path(experiment)
    if path.suffix == ".py" or path.suffix.lower() in NETWORK_FILES:
        content = _content(path)
        kept = {"experiment": str(path.resolve()), "sha256": hashlib.sha256(content).hexdigest()}
        if path.suffix == ".py":
            return {"kind": "Python file", **kept, **common}
        return {"kind": "network file", **kept, "text": content.decode("utf-8"), **common}
    return {"kind": "installed", "experiment": experiment, **common}


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}.") from error


def read_recipe(data: Mapping[str, Any], path: str) -> Recipe:
    """Return the recipe in a checkpoint.

    Raises
    ------
    CheckpointError
        There is none, as the checkpoint was written by a script, or it is not valid.
    """
    if not data:
        raise CheckpointError(
            f"the checkpoint {path!r} was written by a Python script, which makes the network. Go "
            "on in Python: with ns.Simulation(network, resume=...) as sim: sim.run_planned()."
        )
    known = {f: data[f] for f in Recipe.__dataclass_fields__ if f in data}
    lists = {name: known.get(name, []) for name in ("settings", "platform_set", "allow")}
    single = ("kind", "experiment", "sha256", "text", "platform")
    listed = all(isinstance(values, list) for values in lists.values())
    texts = [known.get(name, "") for name in single]
    texts += [text for values in lists.values() for text in values] if listed else []
    scale, seed = known.get("scale"), known.get("seed")
    valid = (
        set(known) == set(data)
        and known.get("kind") in _KINDS
        and listed
        and all(isinstance(text, str) for text in texts)
        and (scale is None or (type(scale) in (int, float) and 0 < scale < 1e12))
        and (seed is None or (type(seed) is int and 0 <= seed < 1 << 64))
        and type(known.get("quick", False)) is bool
    )
    if not valid:
        raise CheckpointError(
            f"the checkpoint {path!r} does not say how its network is made; it is damaged. Resume "
            "from an earlier checkpoint."
        )
    return Recipe(**{**known, **{name: tuple(values) for name, values in lists.items()}})
