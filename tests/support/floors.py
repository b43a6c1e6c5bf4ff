"""The floors of the Python package: what stands on a lower one knows nothing of a higher one."""

from __future__ import annotations

import ast
from pathlib import Path

import rollout_console

PACKAGE = Path(rollout_console.__file__).parent

# Lowest first: a floor's name, what it does, and the modules and packages on it.
PYTHON_FLOORS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("ground", "errors, typed results, kinds of arguments", ("errors", "exit_status", "data_files", "results", "pattern", "validation")),
    ("target", "where it leads, and what is refused there", ("settings", "targets", "protection", "connection")),
    ("schema", "migrations, and who may read and write", ("migrate", "units", "export", "access")),
    ("adapters", "one call of one SQL function", ("adapters",)),
    ("client", "one method a SQL function; a command is one of them", ("client",)),
    ("screen", "results as text; what keeps a screen fresh", ("render", "refresh")),
    ("console", "what makes sense only at a prompt", ("console",)),
    ("programs", "IPython, the monitor, the dashboard", ("shell", "monitor", "dashboard")),
    ("command line", "verbs and programs", ("cli",)),
    ("face", "what scripts import", ("__init__", "__main__")),
)  # fmt: skip


def rooms() -> list[str]:
    """Return the modules and packages right below the package."""
    return sorted(p.stem for p in PACKAGE.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists())


def imports() -> dict[str, set[str]]:
    """Return what each module of the package imports from the package, wherever in it; `__version__` is known to all."""
    modules = {_name(file): file for file in PACKAGE.rglob("*.py")}
    found: dict[str, set[str]] = {name: set() for name in modules}
    for name, file in modules.items():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                named = [(f"{node.module}.{alias.name}", node.module or "") for alias in node.names]
            elif isinstance(node, ast.Import):
                named = [(alias.name, alias.name) for alias in node.names]
            else:
                continue
            for whole, module in named:
                target = whole if whole in modules else module
                if target in modules and not whole.endswith(".__version__"):
                    found[name].add(target)
    return found


def floor_of(module: str) -> int:
    """Return the number of the floor that a module stands on, 0 for the lowest."""
    room = [*module.split("."), "__init__"][1]
    return next(number for number, (_, _, on_it) in enumerate(PYTHON_FLOORS) if room in on_it)


def circle(edges: dict[str, set[str]]) -> list[str]:
    """Return modules each of which imports the next, and the last the first; none if there is no circle."""
    done: set[str] = set()

    def walk(module: str, path: list[str]) -> list[str]:
        if module in path:
            return path[path.index(module) :]
        if module in done:
            return []
        for target in sorted(edges[module]):
            if found := walk(target, [*path, module]):
                return found
        done.add(module)
        return []

    return next((found for module in sorted(edges) if (found := walk(module, []))), [])


def _name(file: Path) -> str:
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
