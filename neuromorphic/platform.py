"""What platforms have in common: settings, a mapping made of passes, an account of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from ..engines.base import Engine
from ..errors import DescriptionError, UnknownNameError
from ..lowering.machine_program import MachineCounts
from ..lowering.program import Program
from ..parallel.communicator import Communicator
from ..platforms import Mapped
from .cost_numbers import cost_numbers, parse_costs, with_numbers
from .costs import CostModel, Price, price
from .draft import Draft
from .engine import PlatformEngine, RunFacts
from .knobs import Assumption, assumed, check, declared, ideal_values, knob
from .report import MappingReport
from .workload import Workload

if TYPE_CHECKING:
    from ..description.network import Network
    from ..recording.reader import Recording
    from .one_at_a_time import OneAtATime

Pass = Callable[[Draft], None]


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A neuromorphic machine with its settings; platforms derive from it.

    A platform gives its ``name`` and ``summary``, its settings as fields made with
    :func:`neurosim.neuromorphic.knobs.knob`, and ``passes``. It may change the description before
    it is lowered (``prepare``) and says what a run took (``account``).
    """

    name: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    constants: ClassVar[tuple[Assumption, ...]] = ()
    approximations: ClassVar[dict[str, str]] = {}

    allow: tuple[str, ...] = knob((), "approximations that are allowed, by name; 'all': every one")
    costs: str = knob(
        "", "numbers of the cost model other than the published ones: synaptic_events=1e-8+chips=2"
    )

    def __post_init__(self) -> None:
        if isinstance(self.allow, str):
            object.__setattr__(self, "allow", tuple(self.allow.replace("+", " ").split()))
        for name in self.allow:
            if name not in (*self.approximations, "all"):
                raise UnknownNameError("approximation", name, self.approximations, self.name)
        check(self)
        self.costs_as_set()

    @classmethod
    def transparent(cls, **settings: Any) -> Self:
        """Return the machine with everything switched off that an ideal one would not do.

        Its spikes are those of the native engine; ``settings`` switch single things on again.
        """
        return cls(**{**ideal_values(cls), **settings})

    def but(self, **settings: Any) -> Self:
        """Return the same machine with some settings changed."""
        known = {own.name for own in fields(self)}
        for name in settings:
            if name not in known:
                raise UnknownNameError("setting", name, known, f"platform {self.name}")
        return replace(self, **settings)

    @property
    def timestep(self) -> Any:
        """Time step that the machine wants; None: whatever the user gives."""
        return None

    def settings(self) -> dict[str, Any]:
        """Return the settings as JSON-able data."""
        return asdict(self)

    @classmethod
    def imperfections(cls) -> dict[str, Any]:
        """Return the settings that are imperfections, and their usual values."""
        return {own.name: own.default for own in declared(cls) if own.metadata["imperfection"]}

    def one_at_a_time(self, network: Network, duration: Any = None, **options: Any) -> OneAtATime:
        """Run a network with every imperfection alone; see :func:`.one_at_a_time.imperfections`."""
        from .one_at_a_time import imperfections  # noqa: PLC0415 (it needs this module)

        return imperfections(network, self, duration, **options)

    def assumptions(self) -> list[Assumption]:
        """Return every value that no primary source confirms."""
        found = [*assumed(self), *self.constants]
        model = self.costs_as_set()
        settings = {one.name for one in found}
        for name, (figure, meaning) in cost_numbers(model).items() if model else ():
            is_setting = settings & {name, name.removesuffix("s")}
            if figure.fact in ("2", "U") and figure.value and not is_setting:
                where, value = f"costs: {name}", f"{figure.value:g}"
                found.append(Assumption(where, value, meaning, figure.fact, figure.source))
        return found

    def prepare(self, network: Network, dt: Any) -> Network:
        """Return the network as it is before the machine; by default the one given."""
        return network

    def passes(self) -> Sequence[Pass]:
        """Return the steps of the mapping, in order."""
        raise DescriptionError(f"platform {self.name!r} has no mapping; it must define passes().")

    def map(self, program: Program, ranks: Communicator) -> Mapped:
        """Place a lowered network on the machine; see :class:`neurosim.platforms.Platform`."""
        report = MappingReport(self.name, self.settings())
        draft = Draft(self, program, program, ranks, report)
        for one in self.passes():
            one(draft)
        self._agree(report, ranks)
        return Mapped(draft.program, report.as_dict(), lambda inner: self._engine(inner, draft))

    @staticmethod
    def _agree(report: MappingReport, ranks: Communicator) -> None:
        """Refuse the network on every rank if something is in the way on any; each thing once."""
        if not ranks.share.whole:
            own = np.frombuffer("\0".join(report.obstacles).encode(), np.uint8)
            texts = [bytes(found).decode() for found in ranks.gather(own)]
            every = [text for found in texts for text in found.split("\0") if text]
            report.obstacles[:] = dict.fromkeys(every)
        report.refuse_if_obstructed()

    def _engine(self, inner: Engine, draft: Draft) -> Engine:
        return PlatformEngine(inner, draft)

    def account(self, draft: Draft, counts: MachineCounts | None, run: RunFacts) -> dict[str, Any]:
        """Return what a run took on the machine: JSON-able, kept with the recording.

        Parameters
        ----------
        draft : Draft
            As the mapping left it.
        counts : MachineCounts or None
            Of all ranks together; None where the machine limits nothing.
        run : RunFacts
        """
        return self.energy(draft, counts, run)

    def cost_model(self) -> CostModel | None:
        """Return what time and energy the machine takes; None: nothing is known of it."""
        return None

    def costs_as_set(self) -> CostModel | None:
        """Return the cost model with the numbers of the setting ``costs`` put in.

        Raises
        ------
        DescriptionError, UnknownNameError
            They cannot be read, or the model has no such number.
        """
        model = self.cost_model()
        where = f"platform {self.name!r}: costs"
        if model is None or not self.costs:
            return model
        return with_numbers(model, parse_costs(self.costs, where), where)

    def energy(self, draft: Draft, counts: MachineCounts | None, run: RunFacts) -> dict[str, Any]:
        """Return the part of the account that prices the run: ``{"energy": ...}``, or nothing.

        The hardware counted is what ``draft.report.resources`` has by the names of the cost
        model's parts; events of ``draft.facts["counts"]`` go before estimates.
        """
        model = self.costs_as_set()
        if model is None or run.steps < 1:
            return {}
        workload = Workload.of_run(draft, run)
        if counts is not None and draft.program.machine and draft.program.machine.cores:
            known = {"busiest": float(counts.busiest), **workload.counts}
            workload = replace(workload, counts=known)
        return {"energy": price(model, workload).as_dict()}

    @staticmethod
    def workload(recording: Recording, **how: Any) -> Workload:
        """Return what a recorded run did: see :meth:`Workload.of_recording`."""
        return Workload.of_recording(recording, **how)

    def price(self, run: Workload | Recording, **how: Any) -> Price:
        """Return what a run, perhaps of another machine, would cost on this one.

        Parameters
        ----------
        run : Recording or Workload
        **how
            With a recording, as for :meth:`Workload.of_recording`.

        Raises
        ------
        DescriptionError
            The platform has no cost model.
        """
        model = self.costs_as_set()
        if model is None:
            raise DescriptionError(
                f"platform {self.name!r} has no cost model; it must define cost_model()."
            )
        return price(model, run if isinstance(run, Workload) else self.workload(run, **how))
