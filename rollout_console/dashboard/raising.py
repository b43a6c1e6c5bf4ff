"""What raises or unprotects: each key asks first, from which percentage to which, and why traffic is where it is."""

from __future__ import annotations

from collections.abc import Iterator

from rollout_console import results
from rollout_console.dashboard.advice import in_keys
from rollout_console.dashboard.header import meaning, missing_lines
from rollout_console.dashboard.questions import Action, Questions, number
from rollout_console.render.eligibility import preview_lines
from rollout_console.render.formatting import format_moment
from rollout_console.render.progression import gate_lines
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.render.state import rollback_phrase

NOT_CONNECTED = " not connected yet"
SAID = ("stop", "hold")  # gates that `meaning` has the words of


def cautions(seen: results.Overview, percentage: float, screen: Screen) -> Iterator[str]:
    """Return why traffic is where it is, and what speaks against raising it.

    Args:
        seen: what is on screen.
        percentage: the one that is asked for.
        screen: for its width and colours.
    """
    plan = seen.plan
    if percentage <= seen.status.rollout_percentage and not seen.status.emergency_stop:
        return
    yield from (f" {line}" for line in meaning(seen.status, screen))
    if plan is None:
        yield from missing_lines(seen, "plan", screen)
        return
    shut = [sanitize(gate.message, 200) for gate in plan.gates if not gate.open and gate.name not in SAID]
    if shut:
        yield screen.paint(f" these checks fail: {'; '.join(shut)}", "warning")
    if plan.next_percentage is not None and percentage > plan.next_percentage:
        yield screen.paint(f" a large step: the next step of the plan is {plan.next_percentage} %", "warning")


class Raising(Questions):
    """The keys that let more traffic in, or take a protection away."""

    def ask_percentage(self) -> None:
        """Ask for a percentage."""
        self.ask("percentage, 0 to 100:", self.set_percentage)

    def set_percentage(self, text: str) -> None:
        """Preview which repositories would become eligible or stop being so, and ask before doing it."""
        percentage = number(text)

        def preview() -> str:
            screen = self.screen()
            return screen.fit(preview_lines(self.client.preview(percentage), screen))

        def set_it(reason: str | None) -> object:
            return self.client.set_rollout(percentage, reason)

        self.perform(preview, doing="previewing", then=lambda: self._confirm(percentage, set_it))

    def ask_advance(self) -> None:
        """Ask before going to the next step, or say which gates are shut."""
        seen = self.seen()
        if seen is None:
            return
        plan, screen = seen.plan, self.screen()
        if plan is None:
            self.message = "\n".join(missing_lines(seen, "plan", screen))
        elif plan.next_percentage is None:
            self.message = " the last step is reached"
        elif not plan.ready:
            shut = gate_lines([gate for gate in plan.gates if not gate.open], plan.server_time, screen)
            said = [f" not raised to {plan.next_percentage} %; nothing changed", *shut]
            self.message = screen.fit(in_keys("\n".join(said)))
        else:
            self.message = ""
            self._confirm(plan.next_percentage, self.client.advance)

    def ask_release(self) -> None:
        """Ask before lifting a hold, which may be another operator's."""
        seen = self.seen()
        if seen is None:
            return
        status = self.newest(seen)
        if status.held_reason is None:
            self.message = " the rollout is not held"
            return
        since = format_moment(status.held_at, status.server_time)
        self.message = f" held {since}: {sanitize(status.held_reason, 300)}"
        by = sanitize(status.held_by or "unknown", 40)
        self.confirm(f"release the hold of {by}?", self.client.release, doing="releasing")

    def ask_resume(self) -> None:
        """Ask for the percentage to resume at; Enter takes the one that is kept."""
        seen = self.seen()
        if seen is None:
            return
        status = self.newest(seen)
        if not status.emergency_stop:
            self.message = " nothing is stopped"
            return
        kept = status.rollout_percentage
        self.message = self.screen().fit("\n".join(cautions(seen, kept, self.screen())))
        self.ask(f"STOPPED → resume at % [{kept}], Enter resumes:", self.resume)

    def resume(self, text: str) -> None:
        """Resume at the percentage that is kept or at a lower one; ask before resuming at a higher one."""
        seen = self.seen()
        if seen is None:
            return
        wanted = number(text) if text else None

        def resume(reason: str | None) -> object:
            return self.client.resume(wanted, reason)

        if isinstance(wanted, float) and self.newest(seen).rollout_percentage < wanted:
            self.message = ""
            self._confirm(wanted, resume, "resume higher than what is kept, ")
        else:
            self.change(resume, doing="resuming")

    def toggle_auto_rollback(self) -> None:
        """Switch auto-rollback off if the screen shows it on, and on if it shows it off."""
        seen = self.seen()
        if seen is None:
            return
        if self.newest(seen).auto_rollback_enabled:
            question = "switch auto-rollback OFF? Nothing would roll back by itself."
            self.confirm(question, self.client.disable_auto_rollback, doing="switching auto-rollback off")
        else:
            self.change(self.client.enable_auto_rollback, doing="switching auto-rollback on")

    def newest(self, seen: results.Overview) -> results.Status:
        """Return the status on screen, or that of a change that has been made since."""
        if self._told is not None and self._told[0] > self.overview.snapshot.fetched:
            return self._told[1]
        return seen.status

    def seen(self) -> results.Overview | None:
        """Return what is on screen; if there is nothing yet, say so."""
        seen = self.overview.snapshot.value
        if seen is None:
            self.message = NOT_CONNECTED
        return seen

    def _confirm(self, percentage: float, action: Action, what: str = "") -> None:
        """Ask whether to go from the percentage on screen to another one, and after a rollback to 0 % why."""
        seen = self.seen()
        if seen is None:
            return
        self.client.see(self.watching)
        status, screen = self.newest(seen), self.screen()
        said = [self.message.rstrip(), *cautions(seen, percentage, screen)]
        self.message = screen.fit("\n".join(filter(None, said)))
        after_rollback = (
            status.rollout_percentage == 0 and rollback_phrase(status.state, status.server_time) is not None
        )
        self.confirm(
            f"{what}{status.rollout_percentage} % → {percentage:g} %?",
            action,
            doing=f"setting {percentage:g} %",
            reason_wanted=after_rollback and percentage > 0,
        )
