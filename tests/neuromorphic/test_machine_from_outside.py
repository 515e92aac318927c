"""A machine of a third party's: installed with pip, found by its entry point, run."""

import os
import subprocess
import sys

import outside


def test_the_page_on_a_machine_of_ones_own_is_executed(tmp_path):
    package = outside.write_package(tmp_path / "bytebox")
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps"]
    install += ["--no-build-isolation", "--target", site, package]
    subprocess.run(install, check=True, cwd=tmp_path)
    use = tmp_path / "use.py"
    use.write_text(outside.blocks("python")[1])
    done = subprocess.run(
        [sys.executable, use],
        env={**os.environ, "PYTHONPATH": str(site)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert outside.blocks("text")[0] in done.stdout
    assert "mapping on bytebox" in done.stdout
    assert "synaptic events" in done.stdout
