"""Meeting a person in a bot: the bot user is found or made, linked, and written once, before anything is answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from rastro.errors import Conflict, SecretMissing, StoreUnavailable
from rastro.model import BotId, BotProfile, BotUser, BotUserStatus, ChatId, Slug, StartPayload
from rastro.stores.ports import BotUserStore, FunnelStore
from rastro.telegram.updates import Person
from rastro.tracking.linking import Link, Linker, apply, disown

WRITE_ATTEMPTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A bot user as stored, with the link that holds now."""

    bot_user: BotUser
    link: Link


class People:
    """Knows the people of every bot."""

    def __init__(
        self,
        *,
        bot_users: BotUserStore,
        funnels: FunnelStore,
        linker: Linker,
        now_ms: Callable[[], int],
    ) -> None:
        """Take the stores, the waterfall and the clock."""
        self._bot_users = bot_users
        self._funnels = funnels
        self._linker = linker
        self._now_ms = now_ms

    def profile(self, bot_id: BotId) -> BotProfile | None:
        """Return what the deployment knows of a bot."""
        return self._funnels.bot(bot_id)

    def meet(
        self,
        bot_id: BotId,
        person: Person,
        *,
        start_param: str | None = None,
        change: Callable[[BotUser], BotUser] = lambda bot_user: bot_user,
    ) -> Meeting:
        """Find or make the bot user, link it, and write it once, with ``change`` made to it.

        ``start_param`` is ``None`` unless the person opens the bot just now (``""`` for a bare ``/start``). A person who has a
        link and changes nothing costs no write. Raises ``Conflict`` when others keep writing the same person.
        """
        for _ in range(WRITE_ATTEMPTS - 1):
            try:
                return self._meet_once(bot_id, person, start_param, change)
            except Conflict:
                continue
        return self._meet_once(bot_id, person, start_param, change)

    def _meet_once(self, bot_id: BotId, person: Person, start_param: str | None, change: Callable[[BotUser], BotUser]) -> Meeting:
        now_ms = self._now_ms()
        stored = self._bot_users.get(bot_id, person.chat_id)
        before = stored or BotUser(bot_id=bot_id, chat_id=person.chat_id, created_at_ms=now_ms, updated_at_ms=now_ms)
        slugs = self._slugs(bot_id)
        link = self._linker.link(before, slugs, start_param, now_ms)
        linked = change(apply(_introduced(before, person, slugs), link, now_ms))
        if start_param is not None:
            linked = replace(linked, last_start_at_ms=now_ms, last_start_payload=self._payload(slugs, start_param))
        if stored is not None and linked == stored:
            return Meeting(bot_user=stored, link=link)
        saved = self._bot_users.save(replace(linked, updated_at_ms=now_ms))
        self._linker.claim(saved, link)
        self._give_back(saved, link)
        return Meeting(bot_user=saved, link=link)

    def block(self, bot_id: BotId, person: Person, *, blocked: bool) -> None:
        """Note that a person blocked the bot or took it back."""
        status = BotUserStatus.BLOCKED if blocked else BotUserStatus.ACTIVE
        self.meet(bot_id, person, change=lambda bot_user: replace(bot_user, status=status))

    def _slugs(self, bot_id: BotId) -> tuple[Slug, ...]:
        profile = self._funnels.bot(bot_id)
        return profile.slugs if profile else ()

    def _payload(self, slugs: tuple[Slug, ...], start_param: str) -> StartPayload | None:
        try:
            return self._linker.payload(slugs, start_param)
        except (StoreUnavailable, SecretMissing):
            return None

    def _give_back(self, bot_user: BotUser, link: Link) -> None:
        """Take a click, and its browser, from whoever's bridge it came by: it was somebody else who came with it.

        Where a store fails here, the same is found out when that person writes.
        """
        click = link.click
        if click is None or click.visitor_id is None or click.bridge_for in (None, bot_user.key):
            return
        bot_id, chat_id = _owner_of(click.bridge_for or "")
        now_ms = self._now_ms()
        for _ in range(WRITE_ATTEMPTS):
            try:
                owner = self._bot_users.get(bot_id, chat_id)
                if owner is None or owner.visitor_id != click.visitor_id:
                    return
                known = disown(owner, click.visitor_id)
                found = self._linker.link(known, self._slugs(bot_id), None, now_ms)
                self._bot_users.save(replace(apply(known, found, now_ms), updated_at_ms=now_ms))
            except Conflict:
                continue
            except StoreUnavailable:
                return
            return


def _owner_of(bridge: str) -> tuple[BotId, ChatId]:
    bot_id, _, chat_id = bridge.partition("#")
    return BotId(bot_id), ChatId(chat_id)


def _introduced(bot_user: BotUser, person: Person, slugs: tuple[Slug, ...]) -> BotUser:
    """Return the bot user with what the update says of the person."""
    return replace(
        bot_user,
        slug=bot_user.slug or (slugs[0] if slugs else None),
        first_name=person.first_name or bot_user.first_name,
        username=person.username or bot_user.username,
        language_code=person.language_code or bot_user.language_code,
    )
