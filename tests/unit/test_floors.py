"""A lower floor of the package knows nothing of a higher one, and no modules import each other in a circle."""

from __future__ import annotations

from rollout_console.adapters import Adapter
from rollout_console.adapters.wrapper import Wrapper
from tests.support.floors import PYTHON_FLOORS, circle, floor_of, imports, rooms


def test_everything_stands_on_one_floor():
    assert sorted(room for _, _, on_it in PYTHON_FLOORS for room in on_it) == rooms()


def test_nothing_imports_upward():
    upward = [
        f"{module} imports {target}, which stands above it"
        for module, targets in imports().items()
        for target in sorted(targets)
        if floor_of(target) > floor_of(module)
    ]
    assert upward == []


def test_no_modules_import_each_other():
    assert circle(imports()) == []
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]


def test_a_wrapper_passes_on_all_but_what_is_made_of_the_rest():
    members = {name for name in vars(Adapter) if not name.startswith("_")} - {"patience", "wait_for_change"} | {
        "target"
    }
    assert members == {name for name in vars(Wrapper) if not name.startswith("_")}
