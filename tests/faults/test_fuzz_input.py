"""R13 and R14 against rubbish: no traceback, nothing changed by what is refused, and Python left as it is."""

from __future__ import annotations

import ast
import io
import keyword
from contextlib import redirect_stderr, redirect_stdout
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from rollout_console.console import COMMANDS
from rollout_console.console import Rollout as Console
from rollout_console.errors import RolloutError
from rollout_console.shell import display, errors, paste
from rollout_console.shell.paste import transform
from rollout_console.shell.session import Session

LIVE = {"watch", "simulate"}  # one runs until Ctrl-C, the other is for the sample data alone


class Odd:
    """An object that helps nobody, but for hypothesis, which shows what it gives to a test that fails."""

    given = False

    def __repr__(self) -> str:
        if not Odd.given:
            return "Odd()"
        raise RuntimeError("no")

    def __float__(self) -> float:
        raise RuntimeError("neither")


plain = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.complex_numbers(), st.text(max_size=30), st.binary(max_size=8),
    st.decimals(), st.fractions(), st.uuids(), st.datetimes(), st.sampled_from(["acme/repo-1", 10, 101, -1, 10**400]),
    st.builds(Odd), st.builds(object),
)  # fmt: skip
values = st.one_of(
    plain, st.lists(plain, max_size=4), st.tuples(plain), st.sets(st.text(max_size=5), max_size=3),
    st.dictionaries(st.text(max_size=5), plain, max_size=2), st.sampled_from(["x" * 100_000, ["acme/repo-1"] * 500]),
)  # fmt: skip
calls = st.tuples(
    st.sampled_from(sorted(set(COMMANDS) - LIVE)),
    st.lists(values, max_size=3),
    st.dictionaries(st.sampled_from(["reason", "percentage", "limit", "nonsense"]), values, max_size=1),
)


@pytest.fixture
def kind():
    return "embedded"


def test_r13_whatever_a_command_is_given_it_works_or_refuses_in_one_line(rollout, effort, tried):
    rollout.add_repositories(3)
    console = Console(rollout.client)

    @settings(max_examples=effort(300, 10_000))
    @given(calls)
    @example(("addToBlacklist", [Odd()], {}))
    @example(("rollbackToZero", [Odd()], {}))
    @example(("emergencyStop", [Odd()], {}))
    @example(("guardrail", [Decimal("sNaN")], {}))
    def fuzz(call: tuple[str, list[Any], dict[str, Any]]) -> None:
        name, args, kwargs = call
        tried("calls of commands with any argument")
        rows = rollout.history_rows()
        screen = io.StringIO()
        Odd.given = True
        try:
            with redirect_stdout(screen), redirect_stderr(screen):
                getattr(console, name)(*args, **kwargs)
        except RolloutError as refusal:
            said = str(refusal)
        else:
            return
        finally:
            Odd.given = False
        assert rollout.history_rows() == rows, "what is refused changes nothing"
        assert said.strip()
        line = errors.one_line(RolloutError(said), "")
        assert line is not None
        assert len(line.splitlines()) == 1

    fuzz()


@pytest.fixture
def shell(rollout):
    """A session in this process, with what makes input and errors ours."""
    ip = InteractiveShell()
    ip.ast_node_interactivity = "last_expr"
    assert ip.history_manager is not None
    ip.history_manager.enabled = False
    session = Session(ip)
    session.console = Console(rollout.client, session)
    ip.push({"rollout": session.console}, interactive=False)
    for part in (paste, display, errors):
        part.install(session)
    yield ip
    InteractiveShell.clear_instance()


typed = st.one_of(
    st.text("abc./ -_é→0123456789", min_size=1, max_size=25),
    st.text("acme/repo-1'\"`", max_size=15),
    st.sampled_from([
        "errors in the logs", "it's broken", "10%", "10 %", "ten", "50,", ",", "percentage", "reason?", "owner/name", "10;", "undefined",
        "null", "true", "{percentage: 10}", "ids?", "...", "`x`", "10 // now", "/* now */", "() => 1", "!", "acme/repo-1, acme/repo-2",
    ]),
)  # fmt: skip


def test_r13_whatever_is_typed_between_the_brackets_there_is_no_traceback(rollout, shell, effort, tried):
    rollout.add_repositories(3)

    @settings(max_examples=effort(150, 3_000))
    @given(st.sampled_from(sorted(set(COMMANDS) - LIVE)), typed)
    def fuzz(name: str, argument: str) -> None:
        line = f"rollout.{name}({argument})"
        rows = rollout.history_rows()
        with capture_output() as captured:
            outcome = shell.run_cell(line)
        tried("lines typed with any text between the brackets")
        said = captured.stdout + captured.stderr
        if _is_a_mistake_in_python(line):
            return
        assert "Traceback" not in said, line
        if outcome.error_in_exec or outcome.error_before_exec:
            assert rollout.history_rows() == rows, line

    fuzz()


def _is_a_mistake_in_python(line: str) -> bool:
    """Whether the argument is an expression of its own that fails before the command is called, such as `1/0`."""
    try:
        tree = ast.parse("".join(transform([line])))
    except SyntaxError:
        return False
    call = tree.body[0].value if tree.body and isinstance(tree.body[0], ast.Expr) else None
    if not isinstance(call, ast.Call):
        return True
    return any(isinstance(node, ast.BinOp | ast.UnaryOp | ast.Attribute | ast.Compare | ast.Starred | ast.Call | ast.Subscript)
               for argument in [*call.args, *call.keywords] for node in ast.walk(argument))  # fmt: skip


names = st.from_regex(r"[a-z]{1,6}", fullmatch=True).filter(
    lambda name: not keyword.iskeyword(name) and name != "rollout"
)
reasons = st.text("ab /#;`>const", max_size=12)


@st.composite
def statements(draw: st.DrawFn) -> tuple[str, tuple[str, list[Any]]]:
    """A statement as the manual writes it, and the call that it means."""
    reason = draw(reasons)
    quote = draw(st.sampled_from("'\""))
    ways: list[tuple[str, tuple[str, list[Any]]]] = [
        (f"rollout.setRollout({len(reason)})", ("setRollout", [len(reason)])),
        (f"rollout.emergencyStop({quote}{reason}{quote})", ("emergencyStop", [reason])),
        (f"rollout.addToWhitelist([\n  {quote}a//b{quote}, // first\n  {quote}{reason}{quote}\n])", ("addToWhitelist", [["a//b", reason]])),
        ("rollout.resume(percentage?)", ("resume", [])),
        ("rollout.status()", ("status", [])),
    ]  # fmt: skip
    call, meant = draw(st.sampled_from(ways))
    before = draw(st.sampled_from(["", "await ", "const {} = ", "let {} = await ", "var {} = ", "> "])).format(
        draw(names)
    )
    after = draw(st.sampled_from(["", ";", " // now", "; // it's urgent", "  # now", " ; "]))
    return f"{before}{call}{after}", meant


@st.composite
def pastes(draw: st.DrawFn) -> tuple[str, list[tuple[str, list[Any]]]]:
    lines, meant = [], []
    for statement, call in draw(st.lists(statements(), min_size=1, max_size=6)):
        lines += draw(
            st.lists(st.sampled_from(["", "// 1. look", "# then", "// don't `rollout.status()`", "//"]), max_size=2)
        )
        lines.append(statement)
        meant.append(call)
    if draw(st.booleans()):
        lines = ["```javascript", *lines, "```"]
    return "\n".join(lines) + draw(st.sampled_from(["", "\n"])), meant


class Recorder:
    def __init__(self) -> None:
        self.calls: list[tuple[str, list[Any]]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *args: self.calls.append((name, list(args)))


def test_r14_a_paste_does_what_its_javascript_says(effort, tried):
    @settings(max_examples=effort(300, 10_000))
    @given(pastes())
    def fuzz(paste: tuple[str, list[tuple[str, list[Any]]]]) -> None:
        text, meant = paste
        tried("pastes of JavaScript")
        recorder = Recorder()
        exec("".join(transform(text.splitlines(keepends=True))), {"rollout": recorder})
        assert recorder.calls == meant, text

    fuzz()
