"""R14: what the transformer changes, and above all what it leaves alone."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import sysconfig
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core import magics
from IPython.core.inputtransformer2 import TransformerManager

from rollout_console.shell.paste import open_bracket, transform


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
        ('```rollout.emergencyStop("x")', 'rollout.emergencyStop("x")'),  # a paste ended with its fence
        ("``` ```bash\nrollout.status()", "\nrollout.status()"),
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
    for path in sorted(folder.glob(effort("[a-h]*.py", "**/*.py"))):
        try:
            text = path.read_text(encoding="utf-8")
            ast.parse(text)
        except (UnicodeDecodeError, SyntaxError, ValueError):
            continue
        assert pasted(text) == text, path.name
        looked_at += 1
    tried("files of the standard library through the paste transformer", looked_at)
    assert looked_at > 50


@given(st.text(alphabet=st.sampled_from("rollout.()[]{}'\"/;#\\\n `?=> awaitcons1"), max_size=80))
def test_r14_any_input_is_transformed_without_an_error(text):
    lines = text.splitlines(keepends=True) or [""]
    assert transform(lines), "a cell of no lines breaks IPython"


# What IPython takes for itself


def transformers() -> tuple[TransformerManager, TransformerManager]:
    """IPython's own, and the same with the console's behind its clean-up."""
    plain, ours = TransformerManager(), TransformerManager()
    ours.cleanup_transforms.append(transform)
    return plain, ours


def magic_examples() -> list[str]:
    """The examples that IPython's magics have in their help: what stands behind each `In [1]:`, and blocks of `%%`."""
    found = []
    for _, name, _ in pkgutil.iter_modules(magics.__path__):
        module = importlib.import_module(f"IPython.core.magics.{name}")
        for made in vars(module).values():
            for method in vars(made).values() if inspect.isclass(made) else ():
                text = inspect.cleandoc(getattr(method, "__doc__", None) or "")
                found += re.findall(r"^ *In ?\[\d+\]: (.+(?:\n *\.\.\.: .*)*)", text, re.MULTILINE)
                found += [textwrap.dedent(block) for block in re.findall(r"^(?: *)%%.+(?:\n +.+)*", text, re.MULTILINE)]
                found += re.findall(r"^ +([%!][^\n]+)", text, re.MULTILINE)
    return found


def test_ipythons_own_examples_of_magics_pass_through_unchanged(tried):
    plain, ours = transformers()
    examples = magic_examples()
    for example in examples:
        assert ours.transform_cell(example) == plain.transform_cell(example), example
    tried("examples of IPython's magics through the paste transformer", len(examples))
    assert len(examples) > 100


OTHERS = "let i=1+1\necho http://h/x // y\n```js\nconst a = 1 // one\n```\n> rollout.status()\n<a href=http://h/x>“q” \N{NO-BREAK SPACE}"


@given(
    st.sampled_from(["bash", "javascript", "html", "writefile f.js", "markdown", "sql postgresql://h/x", "time"]),
    st.one_of(st.just(OTHERS), st.text(alphabet=st.sampled_from("rollout.(“” /'\"\n#`?=>!%$\N{NO-BREAK SPACE}"))),
    st.sampled_from(["", "In [3]: ", "\n"]),
)
def test_the_body_of_a_cell_magic_is_no_ones_business(magic, body, before):
    plain, ours = transformers()
    cell = f"{before}%%{magic}\n{body}\n"
    assert ours.transform_cell(cell) == plain.transform_cell(cell)


@pytest.mark.parametrize(
    "cell",
    [
        "!psql postgresql://postgres@127.0.0.1/x -c 'select 1'",
        "!echo “a” // b",
        "u = !echo http://h/y",
        "u, v = !echo http://h/y",
        "%env U=http://127.0.0.1/x",
        "x = %timeit -o 7 // 2",
        "%pip install git+https://host/x",
        "%sql postgresql://h/x",
        "!git clone \\\n  https://host/x.git",
        "/print http://h/x",
        ",print http://h/x",
        ";print http://h/x",
        "rollout.status() \nif 1:\n    !echo http://h/x\n",
        "%%bash?",
        "rollout.status?",
    ],
)
def test_lines_of_ipythons_own_pass_through_unchanged(cell):
    plain, ours = transformers()
    assert ours.transform_cell(cell) == plain.transform_cell(cell)


def test_javascript_beside_a_shell_line_is_read_all_the_same():
    _, ours = transformers()
    read = ours.transform_cell("const s = rollout.status(); // now\n!echo http://h/x // y\nrollout.stats() // then")
    assert read == "s = rollout.status(); # now\nget_ipython().system('echo http://h/x // y')\nrollout.stats() # then\n"


def test_a_magic_in_a_fence_is_a_magic():
    plain, ours = transformers()
    assert ours.transform_cell("```bash\n%%bash\nlet i=1\n```") == plain.transform_cell("%%bash\nlet i=1\n")


# Chats, documents, phones


@pytest.mark.parametrize(
    ("typed", "python"),
    [
        ("rollout.emergencyStop(“errors in the logs”)", 'rollout.emergencyStop("errors in the logs")'),
        ("rollout.emergencyStop(‘don’t’)", 'rollout.emergencyStop("don’t")'),
        ("rollout.emergencyStop(„Fehler“)", 'rollout.emergencyStop("Fehler")'),
        ('rollout.emergencyStop("half”)', 'rollout.emergencyStop("half")'),
        ("rollout.setRollout(5, “say \"5\"”)", r'rollout.setRollout(5, "say \"5\"")'),
        ('rollout.emergencyStop(\N{NO-BREAK SPACE}"x"\N{NO-BREAK SPACE})', 'rollout.emergencyStop( "x" )'),
        ("\N{ZERO WIDTH SPACE}rollout.status()\N{ZERO WIDTH NO-BREAK SPACE}", "rollout.status()"),
        ("if 1:\n\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}rollout.status()", "if 1:\n  rollout.status()"),
        ('rollout.note("“quoted”\N{NO-BREAK SPACE}as it is")', 'rollout.note("“quoted”\N{NO-BREAK SPACE}as it is")'),
        ("x = 'ё' # “comment”", "x = 'ё' # “comment”"),
        ("größe = 1", "größe = 1"),
    ],
)  # fmt: skip
def test_spaces_and_quotation_marks_of_a_chat_are_understood(typed, python):
    assert pasted(typed) == python


# Lines of a shell, and what is left open


@pytest.mark.parametrize(
    "line",
    ['rollout-console stop "errors in the logs"', "$ rollout-console stop errors in the logs",
     'rollout-console emergency-stop —reason "errors in the logs"', 'rollout.emergencyStop("errors in the logs',
     'rollout.emergencyStop("errors in the logs"', "rollout-console stop “errors in the logs”"],
)  # fmt: skip
def test_a_stop_is_understood_as_a_line_of_a_shell_and_with_its_end_missing(line):
    call = ast.parse(pasted(line), mode="eval").body
    assert ast.unparse(call) == "rollout.emergencyStop('errors in the logs')"


@pytest.mark.parametrize(
    ("line", "reason"),
    [("rollout.emergencyStop('can't reach')", "can't reach"), ("rollout.emergencyStop('can't reach', 'it's x') // now", "can't reach', 'it's x"),
     ("await rollout.emergencyStop('can't reach", "can't reach"), ('x = rollout.emergencyStop("the "db" is down");', 'the "db" is down'),
     ("if 1:\n    rollout.emergencyStop('can't reach')\n", "can't reach"), ("rollout.emergencyStop('a'\n  'b')", "ab")],
)  # fmt: skip
def test_no_quotation_mark_in_its_reason_keeps_a_stop_away(line, reason):
    calls = [node for node in ast.walk(ast.parse(pasted(line))) if isinstance(node, ast.Call)]
    assert [ast.literal_eval(call.args[0]) for call in calls] == [reason]


@pytest.mark.parametrize(
    ("line", "to_type"),
    [
        ("rollout-console set 25 'phase 7'", 'rollout.setRollout(25, "phase 7")'),
        ("$ rollout-console status", "rollout.status()"),
        ("rollout-console --target prod stop x", "!rollout-console --target prod stop x"),
        ("rollout-console monitor --once", "!rollout-console monitor --once"),
        ("supabase db push", "!rollout-console migrate"),
        ("node scripts/rollout/phase6-implementation.js", "!rollout-console setup"),
        ("node scripts/rollout/monitor-phase6.js", "!rollout-console monitor"),
        (
            "   ```bash\n   # Start it\n   node scripts/rollout/rollout-dashboard.js\n   ```",
            "!rollout-console dashboard",
        ),
        ("npm run build", "!npm run build"),
    ],
)
def test_another_line_of_a_shell_is_answered_with_what_to_type(line, to_type):
    *_, call = (node for node in ast.walk(ast.parse(pasted(line).strip())) if isinstance(node, ast.Call) and node.args)
    assert ast.unparse(call.func) == "get_ipython().rollout_session.answer"
    assert ast.literal_eval(call.args[0]).endswith(f"nothing was done: type {to_type}")


@pytest.mark.parametrize("python", ["node = 1", "npm in x", "supabase.db", "node - x.js", "npm", "rollout - console"])
def test_names_that_a_shell_knows_too_are_python(python):
    assert pasted(python) == python


@pytest.mark.parametrize(
    ("source", "whole"),
    [
        ("rollout.setRollout(5", "rollout.setRollout(5)"),
        ('rollout.note("abc', 'rollout.note("abc")'),
        ("x = rollout.addToWhitelist(['a/b',\n", "x = rollout.addToWhitelist(['a/b',])"),
        ("rollout.status()\nrollout.stats(", "rollout.stats()"),
        ("rollout.note('can't reach it')", 'rollout.note("can\'t reach it")'),
        ("x = rollout.hold('can't reach", 'x = rollout.hold("can\'t reach")'),
    ],
)
def test_what_is_left_open_is_shown_closed(source, whole):
    assert str(open_bracket(source)).endswith(f"nothing was done: type {whole}")


@pytest.mark.parametrize(
    "source",
    ["rollout.status()", "f(", "x = [1,", "rollout.note('''a\nb''')", "", "rollout.setRollout('5', 'it's ok')"],
)
def test_what_is_closed_or_no_command_is_not(source):
    assert open_bracket(source) is None
