"""One neuron model as C++: its update and reset over a thread's share of a population.

Shared values are computed in double before the loop over neurons; per-neuron statements are in
the state's type. Generated names: ``x`` is a per-neuron value in the loop (or a shared one cast
to the state's type), ``x_d`` a shared value in double, ``x_array`` the neurons' values in memory.
"""

from __future__ import annotations

import re

from .calls import definitions, table_lines
from .kernel_key import KernelKey, Statements, cpp_bool
from .neuron_statements import NeuronStatements
from .render import identifier

_NOT_REFRACTORY = re.compile(r"\bnot_refractory\b")
_WORD = re.compile(r"\b[A-Za-z_]\w*\b")


class KernelWriter(NeuronStatements):
    """Renders one kernel's update and reset functions."""

    # -- shared pieces ---------------------------------------------------------------------

    def shared_lines(self, blocks: list[Statements]) -> list[str]:
        """Declare what is shared: in double, then those the loop uses as ``real``."""
        used = set().union(*(b.words() for b in blocks))
        lines = []
        unit = "" if self.code.scalar is None else f" / {self.code.scalar.second!r}"
        given = {"t": f"now_.t{unit}", "dt": f"now_.dt{unit}"}
        given |= {"N": "static_cast<double>(own_.spec->size)"}
        given |= {name: f"own_.shared[{i}]" for i, name in enumerate(self.key.shared)}
        given |= {"t_in_timesteps": "static_cast<double>(now_.step)"}
        names = []
        for name, source in given.items():
            word = identifier(name)
            if word in used or f"{word}_d" in used:
                lines.append(f"const double {word}_d = {source};")
                names.append(word)
        lines += table_lines(self.code, len(self.key.shared), used)
        for block in blocks:
            lines += block.shared
            names += [line.split()[2][:-2] for line in block.shared]
        in_loop = set(_WORD.findall("\n".join(line for b in blocks for line in b.neuron)))
        lines += [f"const {self._type(n)} {n}({n}_d);" for n in names if n in in_loop]
        return lines

    def _type(self, word: str) -> str:
        """Return the C++ type of a value in the loop."""
        fractions = {identifier(v.name) for v in self.code.variables if v.format == "u0.32"}
        return "Fraction" if word in fractions else self.number

    def array_lines(self, words: set[str]) -> list[str]:
        """Declare the arrays of the per-neuron variables that occur."""
        return [
            f"real* __restrict__ const {identifier(name)}_array = own_.arrays[{i}];"
            for i, name in enumerate(self.key.arrays)
            if identifier(name) in words
        ]

    def loads(self, words: set[str]) -> list[str]:
        """Declare a neuron's values in the loop."""
        lines = [
            f"{self._type(identifier(n))} {identifier(n)}({identifier(n)}_array[k_]);"
            for n in self.key.arrays
            if identifier(n) in words
        ]
        if "i" in words:
            lines.append("const real i = static_cast<real>(own_.index(k_));")
        if "lastspike" in words:
            lines.append(
                "const real lastspike = last_spike_array[k_] <= long_ago ? real(-1e4) : "
                "static_cast<real>("
                "now_.t - double(now_.lane_step - last_spike_array[k_]) * now_.dt);"
            )
        return lines

    def drawn(self, words: set[str], arguments: str) -> list[tuple[str, str]]:
        """Return (name, call that draws) of the random numbers that occur."""
        functions = {"uniform": "noise_rand", "normal": "noise_randn"}
        return [
            (n.name, f"{functions[n.kind]}(own_, {arguments}, now_.step, {n.site}")
            for n in self.code.noise
            if n.name in words
        ]

    def draws(self, words: set[str]) -> list[str]:
        """Draw the random numbers of a block of neurons."""
        lines = []
        for name, call in self.drawn(words, "block_"):
            lines += [f"alignas(64) real {name}_lanes_[block_size];", f"{call}, {name}_lanes_);"]
        return lines

    def stores(self, blocks: list[Statements]) -> list[str]:
        """Write back what the statements change."""
        written = {line.split(" = ")[0] for b in blocks for line in b.neuron}
        return [
            f"{identifier(n)}_array[k_] = static_cast<real>({identifier(n)});"
            for n in self.key.arrays
            if identifier(n) in written
        ]

    # -- update ------------------------------------------------------------------------------

    def refractory(self) -> Statements:
        """Statements that find out whether the neuron may be written and may spike."""
        kind = self.code.refractory_kind
        if kind == "none":
            return Statements([], ["const bool not_refractory = true;"])
        if kind == "condition":
            made = self.statements(f"_held = {self.code.refractory}", "refractory", guard=False)
            return Statements(
                made.shared,
                [
                    *made.neuron,
                    "const bool not_refractory = (ready_array[k_] != 0) | !_held;",
                    "ready_array[k_] = not_refractory;",
                ],
            )
        if self.code.scalar is not None:
            return self._refractory_on_machine()
        made = self.statements(f"_pause = ({self.code.refractory})", "refractory", guard=False)
        shared = list(made.shared)
        test = "now_.lane_step - last_spike_array[k_] >= {};"
        if made.neuron and made.neuron[-1].startswith("const auto _pause"):
            pause = "static_cast<lane_int>(timestep(_pause, dt))"
        else:
            shared.append(
                "const lane_int pause_steps_ = static_cast<lane_int>(timestep(_pause_d, dt_d));"
            )
            pause = "pause_steps_"
        kept = ["ready_array[k_] = not_refractory;"] if self.key.ready else []
        return Statements(
            shared, [*made.neuron, "const bool not_refractory = " + test.format(pause), *kept]
        )

    def _refractory_on_machine(self) -> Statements:
        """As of a duration that is a variable; steps are counted outside the machine's numbers."""
        word = identifier(self.code.refractory.strip())
        shared = self._is_shared(self.code.refractory.strip())
        pause = f"{word}_d" if shared else f"static_cast<double>({word})"
        kept = ["ready_array[k_] = not_refractory;"] if self.key.ready else []
        declared = f"const lane_int pause_steps_ = static_cast<lane_int>(timestep({pause}, dt_d));"
        return Statements(
            [declared] if shared else [],
            [
                *([] if shared else [declared]),
                "const bool not_refractory = "
                "now_.lane_step - last_spike_array[k_] >= pause_steps_;",
                *kept,
            ],
        )

    def poisson(self) -> Statements:
        """Statements that add the Poisson inputs' kicks."""
        lines = []
        for i, name in enumerate(self.key.poisson):
            word = identifier(name)
            kick = f"kick_{i}_ * static_cast<real>(counts_{i}_[k_])"
            kicked = f"{word} + {kick if self.number == 'real' else f'{self.number}({kick})'}"
            guard = f"not_refractory & !crossed_ ? {kicked} : {word}"
            lines.append(f"{word} = {guard if name in self.guarded else kicked};")
        return Statements([], lines)

    def update(self) -> list[str]:
        """Return the body of the update function."""
        pause = self.refractory()
        step = (
            self.statements(self.code.update, "update", guard=True)
            if self.code.update.strip()
            else Statements([], [])
        )
        threshold = Statements([], ["const bool crossed_ = false;"])
        if self.code.threshold:
            crossing = self.statements(
                f"_crossing = {self.code.threshold}", "threshold", guard=False
            )
            shared_crossing = not any("_crossing" in line for line in crossing.neuron)
            word = "_crossing_d" if shared_crossing else "_crossing"
            threshold = Statements(
                crossing.shared,
                [*crossing.neuron, f"const bool crossed_ = bool({word}) & not_refractory;"],
            )
        events = self.events()
        blocks = [pause, step, threshold, *events, self.poisson()]
        words = set().union(*(b.words() for b in blocks))
        body = [f"const real {name} = {name}_lanes_[lane_];" for name, _ in self.drawn(words, "")]
        body += self.loads(words) + [line for b in blocks for line in b.neuron]
        stored = self.stores(blocks)
        body += stored
        body += [f"open_{i}_[k_] = not_refractory;" for i, _ in enumerate(self.key.targeted)]
        states = [line.split("_array")[0] for line in stored]
        if states and self.number != "Fixed":  # which has no NaN
            # one test for all: a sum is NaN if a part is (or inf - inf, which find_nan tells apart)
            body.append(f"const {self.number} all_ = {' + '.join(states)};")
            body.append("bad_ |= lane_int(all_ != all_);")
        body += ["fired_[lane_] = crossed_;", "any_ |= fired_[lane_];"]
        for e, _ in enumerate(events):
            body.append(f"any_event_{e}_ |= happened_{e}_[lane_] = event_{e}_;")
        return self._update_lines(blocks, words, body)

    def _update_lines(
        self, blocks: list[Statements], words: set[str], body: list[str]
    ) -> list[str]:
        head = self.shared_lines(blocks) + self.array_lines(words)
        if self.code.events:
            head.append(f"own_.events.resize({len(self.code.events)});")
            head.append("for (auto& neurons : own_.events) neurons.clear();")
        if "last_spike_array" in words or "lastspike" in words:
            head.append("const lane_int* __restrict__ const last_spike_array = own_.last_spike;")
        if "ready_array" in words:
            head.append("lane_int* __restrict__ const ready_array = own_.ready;")
        for i, _ in enumerate(self.key.poisson):
            head.append(f"const real kick_{i}_ = static_cast<real>(own_.poisson_weights[{i}]);")
            head.append(
                f"const Count* __restrict__ const counts_{i}_ = "
                f"own_.counts[{i}] + now_.step % 4 * own_.padded;"
            )
        for i, name in enumerate(self.key.targeted):
            head.append(
                f"uint8_t* __restrict__ const open_{i}_ = own_.open[{self.key.arrays.index(name)}];"
            )
        return [
            *head,
            "for (int64_t block_ = 0; block_ < own_.padded; block_ += block_size) {",
            *(f"    {line}" for line in self.draws(words)),
            "    lane_int fired_[block_size], any_ = 0, bad_ = 0;",
            *(
                f"    lane_int happened_{e}_[block_size], any_event_{e}_ = 0;"
                for e, _ in enumerate(self.code.events)
            ),
            "    NEUROSIM_INDEPENDENT",
            "    for (int64_t lane_ = 0; lane_ < block_size; ++lane_) {",
            "        const int64_t k_ = block_ + lane_;",
            *(f"        {line}" for line in body),
            "    }",
            "    if (bad_) own_.find_nan(block_);",
            "    if (any_) own_.collect(block_, fired_, now_.lane_step);",
            *(
                f"    if (any_event_{e}_) own_.note_event({e}, block_, happened_{e}_);"
                for e, _ in enumerate(self.code.events)
            ),
            "}",
        ]

    # -- reset ---------------------------------------------------------------------------------

    def events(self) -> list[Statements]:
        """Statements that find out which events the neuron has, once its threshold is known."""
        found = []
        for e, event in enumerate(self.code.events):
            made = self.statements(f"_event_{e} = {event.condition}", f"event_{e}", guard=False)
            word = f"_event_{e}"
            if not any(word in line for line in made.neuron):
                word += "_d"
            lines = [_NOT_REFRACTORY.sub("not_refractory_now_", line) for line in made.neuron]
            if any("not_refractory_now_" in line for line in lines):
                lines.insert(0, "const bool not_refractory_now_ = not_refractory & !crossed_;")
            found.append(
                Statements(
                    made.shared,
                    [f"bool event_{e}_;", "{", *lines, f"event_{e}_ = bool({word});", "}"],
                )
            )
        return found

    def reset(self) -> list[str]:
        """Return the body of the reset function: of spikes, then of the other events."""
        lines = self._chosen(self.code.reset, "reset", "own_.spikes")
        for e, event in enumerate(self.code.events):
            lines += self._chosen(event.code, f"event_code_{e}", f"own_.events[{e}]")
        return lines

    def _chosen(self, code: str, block: str, neurons: str) -> list[str]:
        """Run statements for some neurons."""
        if not code.strip():
            return []
        made = self.statements(code, block, guard=False)
        words = made.words()
        drawn = [f"const real {name} = {call});" for name, call in self.drawn(words, "k_")]
        stored = self.stores([made])
        names = [line.split("_array")[0] for line in stored]
        fixed = self.number == "Fixed"
        bad = "" if fixed else " | ".join(f"({name} != {name})" for name in names)
        pauses = ["const bool not_refractory = false;"] if "not_refractory" in words else []
        if "lastspike" in words:
            pauses.append("const lane_int* const last_spike_array = own_.last_spike;")
        lines = [
            *self.shared_lines([made]),
            *self.array_lines(words),
            *pauses,
            f"for (const int32_t k_ : {neurons}) {{",
            *(f"    {line}" for line in [*drawn, *self.loads(words)]),
            *(f"    {line}" for line in [*made.neuron, *stored]),
            *([f"    if ({bad}) own_.find_nan(k_ / block_size * block_size);"] if bad else []),
            "}",
        ]
        return ["{", *lines, "}"] if self.code.events else lines

    # -- start ---------------------------------------------------------------------------------

    def start(self) -> list[str]:
        """Return the body of the function that computes what is held over the step."""
        made = self.statements(self.code.start, "start", guard=False)
        words = made.words()
        head = [*self.shared_lines([made]), *self.array_lines(words)]
        if "lastspike" in words:
            head.append("const lane_int* __restrict__ const last_spike_array = own_.last_spike;")
        body = [f"const real {name} = {name}_lanes_[lane_];" for name, _ in self.drawn(words, "")]
        return [
            *head,
            "for (int64_t block_ = 0; block_ < own_.padded; block_ += block_size) {",
            *(f"    {line}" for line in self.draws(words)),
            "    NEUROSIM_INDEPENDENT",
            "    for (int64_t lane_ = 0; lane_ < block_size; ++lane_) {",
            "        const int64_t k_ = block_ + lane_;",
            *(f"        {line}" for line in [*body, *self.loads(words)]),
            *(f"        {line}" for line in [*made.neuron, *self.stores([made])]),
            "    }",
            "}",
        ]


def kernel_source(index: int, key: KernelKey) -> str:
    """Return the C++ of one kernel: the functions of namespace ``model_<index>``."""
    writer = KernelWriter(key)
    flags = ", ".join(cpp_bool(name in key.targeted) for name in key.arrays) or "false"
    arguments = "([[maybe_unused]] LocalPopulation& own_, [[maybe_unused]] const StepInfo& now_) {"
    return "\n".join(
        [
            f"// {key.code.name}: {key.code.method}",
            f"namespace model_{index} {{",
            "",
            *definitions(key.code),
            f"constexpr bool guarded_arrays[] = {{{flags}}};",
            "",
            f"void update{arguments}",
            *(f"    {line}" for line in writer.update()),
            "}",
            "",
            f"void reset{arguments}",
            *(f"    {line}" for line in writer.reset()),
            "}",
            *([f"void start{arguments}", *writer.start(), "}"] if key.code.start else []),
            "",
            f"}}  // namespace model_{index}",
            "",
        ]
    )
