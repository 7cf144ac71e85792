"""The outside world in memory, which keeps books of its own: people's chats, a bank, Meta, and the queue."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rastro.errors import ChatUnreachable, InvalidInput
from rastro.meta.answer import GraphAnswer
from rastro.model import ChatId, PaymentId, PixelId
from rastro.pix.provider import CallbackRequest, Charge, ChargeReference, ChargeRequest, Notice, NoticeKind
from rastro.telegram.bot import Keyboard
from tests.campaign.queue import Received, SimulatedSqs

CHARGE_SECONDS = 30 * 60


@dataclass(frozen=True, slots=True)
class Shown:
    """A message in a person's chat."""

    at_ms: int
    chat_id: ChatId
    html: str
    buttons: tuple[tuple[str | None, str | None, str | None], ...]
    """Of each its callback, its link and the text that it copies."""
    picture: bool

    @property
    def links(self) -> list[str]:
        """Return where its buttons lead."""
        return [url for _, url, _ in self.buttons if url]

    def offers(self, prefix: str) -> str | None:
        """Return the first of its callbacks that begins like this."""
        return next((data for data, _, _ in self.buttons if data and data.startswith(prefix)), None)

    @property
    def code(self) -> str | None:
        """Return the PIX code that it lets one copy."""
        return next((text for _, _, text in self.buttons if text), None)


class Chats:
    """Telegram's side of every chat."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        """Take the clock."""
        self._now_ms = now_ms
        self.shown: list[Shown] = []
        self.invited: list[str] = []
        self.blocked = False

    def send_message(self, chat_id: ChatId, html: str, keyboard: Keyboard = ()) -> None:
        """Show a text."""
        self._show(chat_id, html, keyboard, picture=False)

    def send_photo(self, chat_id: ChatId, png: bytes, caption_html: str, keyboard: Keyboard = ()) -> None:
        """Show a picture."""
        self._show(chat_id, caption_html, keyboard, picture=bool(png))

    def answer_callback(self, callback_query_id: str, text: str = "") -> None:
        """End a button's waiting."""

    def create_invite_link(self, chat_id: str, name: str) -> str:
        """Make a link that lets one person in."""
        self.invited.append(f"https://t.me/+{name}{len(self.invited)}")
        return self.invited[-1]

    def check(self) -> None:
        """Be there."""

    def _show(self, chat_id: ChatId, html: str, keyboard: Keyboard, *, picture: bool) -> None:
        if self.blocked:
            raise ChatUnreachable("sendMessage: 403 Forbidden: bot was blocked by the user")
        buttons = tuple((button.callback_data, button.url, button.copy_text) for row in keyboard for button in row)
        self.shown.append(Shown(self._now_ms(), chat_id, html, buttons, picture))


@dataclass(slots=True)
class BankCharge:
    """A charge as the bank has it."""

    number: int
    payment_id: PaymentId
    amount_cents: int
    expires_at_ms: int
    paid_at_ms: int | None = None
    refunded: bool = False

    @property
    def charge_id(self) -> str:
        """Return the bank's own id."""
        return f"ch-{self.number}"

    @property
    def code(self) -> str:
        """Return what the buyer copies: no real code, since drawing a real one is most of what a play takes."""
        return f"PIX{self.number}"


class Bank:
    """A provider that makes one charge a payment id and keeps books of what was paid."""

    def __init__(self, now_ms: Callable[[], int], *, notices_are_proof: bool = True, knows_repetitions: bool = True) -> None:
        """Take the clock, whether a notice proves what it says, and whether it knows a payment id again."""
        self._now_ms = now_ms
        self._proof = notices_are_proof
        self._knows_repetitions = knows_repetitions
        self.charges: list[BankCharge] = []

    def create_charge(self, request: ChargeRequest) -> Charge:
        """Make a charge, or return the one that is there."""
        known = self._find(request.payment_id, None) if self._knows_repetitions else None
        if known is None:
            expires_at_ms = self._now_ms() + CHARGE_SECONDS * 1000
            known = BankCharge(len(self.charges) + 1, request.payment_id, request.amount_cents, expires_at_ms)
            self.charges.append(known)
        return Charge(charge_id=known.charge_id, brcode=known.code, expires_at_ms=known.expires_at_ms)

    def authenticate(self, request: CallbackRequest) -> None:
        """Let every callback in: who may call is shown elsewhere."""

    def parse_notices(self, request: CallbackRequest) -> Sequence[Notice]:
        """Read the bank's own document."""
        document = json.loads(request.body)
        charge = self._find(PaymentId(document["payment_id"]), None)
        if charge is None:
            raise InvalidInput("no such charge")
        return [self._notice(charge, NoticeKind(document["kind"]))]

    def query(self, charge: ChargeReference) -> Sequence[Notice]:
        """Say what became of a charge."""
        found = self._find(charge.payment_id, charge.charge_id)
        if found is None or found.paid_at_ms is None:
            return []
        kinds = (NoticeKind.PAID, NoticeKind.REFUNDED) if found.refunded else (NoticeKind.PAID,)
        return [self._notice(found, kind, proven=True) for kind in kinds]

    def refund(self, charge: ChargeReference, amount_cents: int, refund_id: str) -> None:
        """Give nothing back by order: the seller does that at the bank itself."""

    def with_code(self, code: str) -> BankCharge:
        """Return the charge of a code that somebody pays."""
        return next(charge for charge in self.charges if charge.code == code)

    def _find(self, payment_id: str | None, charge_id: str | None) -> BankCharge | None:
        # The newest: of two charges under one id the buyer was shown the later.
        found = [charge for charge in self.charges if charge.payment_id == payment_id or charge.charge_id == charge_id]
        return found[-1] if found else None

    def _notice(self, charge: BankCharge, kind: NoticeKind, *, proven: bool | None = None) -> Notice:
        return Notice(
            kind=kind,
            payment_id=charge.payment_id,
            charge_id=charge.charge_id,
            amount_cents=charge.amount_cents,
            occurred_at_ms=charge.paid_at_ms,
            end_to_end_id=f"E{charge.number}",
            payer_name="Ana da Silva",
            refund_id=f"r-{charge.number}" if kind is NoticeKind.REFUNDED else None,
            proven=self._proof if proven is None else proven,
        )


class Meta:
    """What Graph took; ``token_dead`` has it refuse the pixel."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.accepted: list[tuple[PixelId, Mapping[str, Any]]] = []
        self.token_dead = False

    def send(self, pixel_id: PixelId, events: Sequence[Mapping[str, Any]], test_event_code: str | None = None) -> GraphAnswer:
        """Take events."""
        if self.token_dead:
            return GraphAnswer(status=400, body=b'{"error":{"code":190,"message":"token"}}')
        self.accepted += [(pixel_id, event) for event in events]
        return GraphAnswer(status=200, body=json.dumps({"events_received": len(events), "fbtrace_id": "A"}).encode())


class _Unshaken:
    """Chance that never comes about: messages come in their order, and twice only where a blow has it so."""

    def shuffle(self, _names: list[str]) -> None:
        return

    def random(self) -> float:
        return 1.0


@dataclass(slots=True)
class SqsClient:
    """The queue by the calls that the adapters make, with their names and arguments."""

    queue: SimulatedSqs
    received: dict[str, Received] = field(default_factory=dict)

    def send_message(self, **arguments: Any) -> dict[str, Any]:
        """Queue a message."""
        self.queue.send(arguments["MessageBody"])
        return {}

    def send_message_batch(self, **arguments: Any) -> dict[str, Any]:
        """Queue messages."""
        for entry in arguments["Entries"]:
            self.queue.send(entry["MessageBody"])
        return {}

    def change_message_visibility_batch(self, **arguments: Any) -> dict[str, Any]:
        """Let messages come again at another time."""
        self.queue.postpone(
            {self.received[entry["ReceiptHandle"]].receipt: entry["VisibilityTimeout"] for entry in arguments["Entries"]}
        )
        return {}

    def receive(self, limit: int) -> list[Received]:
        """Return what is visible."""
        batch = self.queue.receive(limit)
        self.received |= {handle(message): message for message in batch}
        return batch


def handle(message: Received) -> str:
    """Return the receipt handle of a message."""
    return f"{message.receipt[0]}#{message.receipt[1]}"


def new_queue(now_ms: Callable[[], int]) -> SqsClient:
    """Return an empty queue."""
    return SqsClient(SimulatedSqs(_Unshaken(), now_ms))  # type: ignore[arg-type] # the two draws that it makes
