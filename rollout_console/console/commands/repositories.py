"""Categories, test pins and lists."""

from __future__ import annotations

from rollout_console import results
from rollout_console.console.commands.base import Commands
from rollout_console.console.place import Said
from rollout_console.console.registry import Group, command
from rollout_console.errors import Interrupted
from rollout_console.render.progress import CategorizationProgress


class Repositories(Commands):
    """Categories, test pins and lists."""

    @command(Group.REPOSITORIES, "rollout.categorizeAll()", purpose="sizes", own_screen=True)
    def categorizeAll(self) -> results.CategorizationRun:
        """Bring the category of every repository up to date.

        Works in batches that are each committed: after Ctrl-C, type it again and it goes on.
        """
        try:
            with CategorizationProgress(self.output.screen(), self.output.stream) as progress:
                return self.client.categorize_all(progress.advance)
        except KeyboardInterrupt:
            raise Interrupted("interrupted; finished batches stay; to go on, type rollout.categorizeAll()") from None

    @command(Group.REPOSITORIES, 'rollout.markAsTest("owner/name")', purpose="test")
    def markAsTest(self, repositories: str | list[str], reason: str | None = None) -> results.Change:
        """Pin repositories as test, first in rollout order, until unmarkAsTest()."""
        return self.client.mark_as_test(repositories, reason)

    @command(Group.REPOSITORIES, 'rollout.unmarkAsTest("owner/name")', purpose="undo it")
    def unmarkAsTest(self, repositories: str | list[str], reason: str | None = None) -> results.Change:
        """Remove the test pin; the repositories are categorized by size again."""
        return self.client.unmark_as_test(repositories, reason)

    @command(Group.REPOSITORIES, 'rollout.addToWhitelist(["owner/name"])', purpose="include")
    def addToWhitelist(
        self, ids: str | list[str], reason: str | None = None, until: str | None = None
    ) -> results.Change:
        """Make repositories eligible at any percentage: ids or owner/name, one or a list.

        until="2h" ends it then, by itself; also "30m", "2s", "3d", or a time as "2030-01-31T12:00Z".
        """
        return self.client.add_to_whitelist(ids, reason, until=until)

    @command(Group.REPOSITORIES, 'rollout.removeFromWhitelist(["owner/name"])', purpose="take off")
    def removeFromWhitelist(self, ids: str | list[str], reason: str | None = None) -> results.Change:
        """Remove repositories from the whitelist."""
        return self.client.remove_from_whitelist(ids, reason)

    @command(Group.REPOSITORIES, "rollout.showWhitelist()", purpose="list")
    def showWhitelist(self, search: str | None = None, limit: int = 50) -> results.Whitelist:
        """Show whitelist and blacklist, with names and ids: the first fifty of each, or those that contain a text."""
        return self.client.show_whitelist(search, limit)

    @command(Group.SETTINGS, 'rollout.addToBlacklist(["owner/name"])', purpose="exclude")
    def addToBlacklist(self, ids: str | list[str], reason: str | None = None) -> results.Change:
        """Keep repositories out at any percentage."""
        return self.client.add_to_blacklist(ids, reason)

    @command(Group.SETTINGS, 'rollout.removeFromBlacklist(["owner/name"])', purpose="take off")
    def removeFromBlacklist(self, ids: str | list[str], reason: str | None = None) -> results.Change:
        """Remove repositories from the blacklist."""
        return self.client.remove_from_blacklist(ids, reason)

    @command(Group.REPOSITORIES, "rollout.clearCache()", listed=False)
    def clearCache(self) -> Said:
        """Say that there is no cache: every command asks the database."""
        return Said("there is no cache here: every command asks the database; nothing to do")
