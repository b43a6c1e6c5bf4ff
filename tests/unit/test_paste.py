"""R14: what the transformer changes, and above all what it leaves alone."""

from __future__ import annotations

import ast
import sysconfig
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout_console.shell.paste import transform


def pasted(text: str) -> str:
    return "".join(transform(text.splitlines(keepends=True)))


@pytest.mark.parametrize(
    ("javascript", "python"),
    [
        ("rollout.status() // now", "rollout.status() # now"),
        ("rollout.status(); // two words", "rollout.status(); # two words"),
        ("rollout.status()//x", "rollout.status()#x"),
        ("// don't say \"no\"", "# don't say \"no\""),
        ("const s = rollout.status()", "s = rollout.status()"),
        ("let s = await rollout.status();", "s = rollout.status();"),
        ("var s=rollout.stats() // x", "s=rollout.stats() # x"),
        ("await rollout.status()", "rollout.status()"),
        ("const n = 7 // seven", "n = 7 # seven"),
        ("rollout.emergencyStop(reason?) // stop", "rollout.emergencyStop() # stop"),
        ('rollout.emergencyStop("see https://x.y//z") // z', 'rollout.emergencyStop("see https://x.y//z") # z'),
        ("rollout.addToWhitelist([\n  'a/b', // first\n  'c/d'\n]) // done", "rollout.addToWhitelist([\n  'a/b', # first\n  'c/d'\n]) # done"),
        ("```javascript\nrollout.status()\n```", "\nrollout.status()\n"),
        ("   ```bash\n   # look\n   rollout.status()\n   ```\n", "\n# look\nrollout.status()\n\n"),
        ("> rollout.status()", "rollout.status()"),
        ("// C:\\\nconst s = rollout.status()", "# C:\\\ns = rollout.status()"),
        ("# C:\\\n// now\n", "# C:\\\n# now\n"),
        ("for p in [1]:\n    rollout.setRollout(p) // go", "for p in [1]:\n    rollout.setRollout(p) # go"),
    ],
)  # fmt: skip
def test_r14_javascript_becomes_python(javascript, python):
    assert pasted(javascript) == python


@pytest.mark.parametrize(
    "python",
    [
        "7 // 2",
        "rollout.stats().total_jobs // 2",
        "len(rollout.history().entries) // 2",
        "x = (7\n     // 2)",
        "x = 7 \\\n    // 2",
        'print("a // b")',
        "s = '''\n// not a comment\n```\nconst x = 1\n'''",
        "await something()",
        "x = await something() // 2",
        "constant = 1; letter = 2",
        "# it's // fine",
        "rollout.setRollout?",
        "?rollout",
        "lambda a: a // 2",
        "d = {1: 2 // 3, 4: [5 // 6]}",
        "x //= 2",
        "f(a)[0] // g(b)",
    ],
)
def test_r14_python_passes_through_unchanged(python):
    assert pasted(python) == python


@pytest.mark.large
def test_r14_the_standard_library_passes_through_unchanged(effort, tried):
    folder = Path(sysconfig.get_paths()["stdlib"])
    looked_at = 0
    for path in sorted(path for pattern in effort(["*.py"], ["**/*.py"]) for path in folder.glob(pattern)):
        try:
            text = path.read_text(encoding="utf-8")
            ast.parse(text)
        except (UnicodeDecodeError, SyntaxError, ValueError):
            continue
        assert pasted(text) == text, path.name
        looked_at += 1
    tried("files of the standard library through the paste transformer", looked_at)
    assert looked_at > 150


@given(st.text(alphabet=st.sampled_from("rollout.()[]{}'\"/;#\\\n `?=> awaitcons1"), max_size=80))
def test_r14_any_input_is_transformed_without_an_error(text):
    lines = text.splitlines(keepends=True) or [""]
    assert transform(lines), "a cell of no lines breaks IPython"
