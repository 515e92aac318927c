"""Feed random and mutated input to everything that reads: a typed error or a result, nothing else.

    python tools/fuzz.py --count 10000 --seed 1

Network files (YAML, TOML), model and synapse equations, values of the command line, recordings,
checkpoints, spike files and edge files. Cases run in child processes, so that a crash or a hang
is seen and told with the input that caused it; an audit hook refuses processes, sockets and files
written.
A case is a function of (seed, target, number): ``--only TARGET --first NUMBER --count 1``
repeats it.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

SECONDS_PER_CASE = 20
SHARES = {
    "yaml": 0.22,
    "toml": 0.13,
    "model": 0.15,
    "synapse": 0.1,
    "value": 0.1,
    "recording": 0.1,
    "spikes": 0.1,
    "edges": 0.05,
    "checkpoint": 0.05,
}


def child(args, folder):
    """Run cases one by one; write each case's number before and its outcome after it."""
    sys.path.insert(0, str(Path(__file__).parent))
    import fuzz_checkpoints
    import fuzz_targets

    from neurosim.errors import NeurosimError

    targets = fuzz_targets.TARGETS | {"checkpoint": fuzz_checkpoints.CheckpointFile}
    target = targets[args.only](folder)
    target.prepare()
    allow_side_effects = fuzz_targets.forbid_side_effects(folder)
    signal.signal(signal.SIGALRM, _too_long)
    report = os.fdopen(os.dup(1), "w")
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    os.dup2(devnull, 2)
    for number in range(args.first, args.first + args.count):
        print(json.dumps({"starts": number}), file=report, flush=True)
        data = target.case(fuzz_targets.random_of(args.seed, args.only, number))
        signal.alarm(SECONDS_PER_CASE)
        found = {"number": number, "outcome": "valid"}
        try:
            target.use(data)
        except NeurosimError as error:
            found["outcome"] = type(error).__name__
            if len(str(error)) > 10_000:
                found |= {"outcome": "VIOLATION", "why": f"message of {len(str(error))} characters"}
        except _TooLongError:
            found |= {"outcome": "VIOLATION", "why": f"more than {SECONDS_PER_CASE} s"}
        except BaseException:
            found |= {"outcome": "VIOLATION", "why": traceback.format_exc()[-2500:]}
        finally:
            signal.alarm(0)
        if found["outcome"] == "VIOLATION":
            found["input"] = repr(data)[:4000]
        print(json.dumps(found), file=report, flush=True)
    allow_side_effects()


class _TooLongError(BaseException):
    pass


def _too_long(*_):
    raise _TooLongError


def run_target(name, count, args):
    """Run the cases of a target, restarting after a crash or a hang; return the outcomes."""
    outcomes, violations = Counter(), []
    first, last = args.first, args.first + count
    while first < last:
        done, started = _run_child(name, first, last - first, args)
        for found in done:
            outcomes[found["outcome"]] += 1
            if found["outcome"] == "VIOLATION":
                violations.append({"target": name, **found})
        following = done[-1]["number"] + 1 if done else first
        if following < last:
            if started is None:
                raise SystemExit(f"{name}: the child process did not start its cases")
            outcomes["VIOLATION"] += 1
            why = "the process died or hung"
            violations.append({"target": name, "number": started, "why": why})
            following = started + 1
        first = following
    return outcomes, violations


def _run_child(name, first, count, args):
    """Return the outcomes of one child process and the number of its last case."""
    words = ["--child", "--only", name, "--first", str(first), "--count", str(count)]
    command = [sys.executable, __file__, *words, "--seed", str(args.seed)]
    done, started = [], None
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as out:
        environment = os.environ | {"NEUROSIM_CACHE_DIR": folder}
        process = subprocess.Popen(
            [*command, "--folder", folder], stdout=out, cwd=folder, env=environment
        )
        seen, since = -1, time.monotonic()
        while process.poll() is None:
            time.sleep(0.05)
            size = os.fstat(out.fileno()).st_size
            if size != seen:
                seen, since = size, time.monotonic()
            elif time.monotonic() - since > 2 * SECONDS_PER_CASE + 60:
                process.kill()
        if process.returncode:
            args.keep.mkdir(exist_ok=True)
            for path in Path(folder).glob("case*"):
                kept = args.keep / f"{name}-{args.seed}-from-{first}{path.suffix}"
                kept.write_bytes(path.read_bytes())
        out.seek(0)
        for line in out:
            if line.endswith("\n"):
                found = json.loads(line)
                started = found.get("starts", started)
                done += [found] if "outcome" in found else []
    return done, started


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000, help="cases, over all targets")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", help="one target")
    parser.add_argument(
        "--keep",
        type=Path,
        default=Path("fuzz-violations"),
        help="folder for files that ended the process",
    )
    parser.add_argument("--json", type=Path, help="where to write the outcomes")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args, args.folder)
        return

    shares = {args.only: 1.0} if args.only else SHARES
    total, violations = {}, []
    for name, share in shares.items():
        began = time.monotonic()
        outcomes, found = run_target(name, max(1, round(share * args.count)), args)
        total[name] = dict(outcomes.most_common())
        violations += found
        print(f"{name}: {total[name]} in {time.monotonic() - began:.0f} s", flush=True)
    for violation in violations:
        print(json.dumps(violation, indent=1).replace("\\n", "\n"))
    n_cases = sum(sum(outcomes.values()) for outcomes in total.values())
    print(f"{n_cases} cases, {len(violations)} violations, seed {args.seed}")
    if args.json:
        args.json.write_text(json.dumps({"outcomes": total, "violations": violations}))
    sys.exit(1 if violations else 0)


if __name__ == "__main__":
    main()
