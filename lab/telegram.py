"""The Bot API: ``/bot{token}/{method}``, the methods that a shop uses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from lab.chats import Chat, ChatBook, bot_user
from lab.faults import BLOCKED_USER, Fault, Service
from lab.state import Bot, JsonObject, State
from lab.telegram_rules import (
    CAPTION_MAX_LENGTH,
    TEXT_MAX_LENGTH,
    ApiError,
    check_markup,
    is_web_address,
    normalise,
    picture_size,
    read_text,
)
from lab.webhooks import MAX_CONNECTIONS, Webhooks
from lab.wire import Answer, Call, Upload

CALLBACK_LIFETIME_MS = 150_000
CALLBACK_TEXT_MAX_LENGTH = 200
CONNECTIONS_LIMIT = 100
COMMAND_DESCRIPTION_MAX_LENGTH = 256
RETRY_AFTER_SECONDS = 5

_PATH = re.compile(r"bot([^/]+)/([A-Za-z]+)")
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{0,256}")
_NOT_IN_REPLY = frozenset({"setwebhook", "deletewebhook", "close", "logout"})
_ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)

Method = Callable[[Bot, JsonObject], object]


class Telegram:
    """Telegram's side of every bot."""

    service: Service = "telegram"

    def __init__(
        self, state: State, chats: ChatBook, webhooks: Webhooks, *, now_ms: Callable[[], int], new_id: Callable[[], str]
    ) -> None:
        """Take what the bots, their chats and their webhooks are kept in."""
        self._state = state
        self._chats = chats
        self._webhooks = webhooks
        self._now_ms = now_ms
        self._new_id = new_id
        self.calls: list[JsonObject] = []
        self.files: dict[str, Upload] = {}
        self._commands: dict[str, list[JsonObject]] = {}
        methods: Mapping[str, Method] = {
            "getMe": self._get_me,
            "getChat": self._get_chat,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._get_webhook_info,
            "setMyCommands": self._set_my_commands,
            "getMyCommands": self._get_my_commands,
            "sendMessage": self._send_message,
            "sendPhoto": self._send_photo,
            "sendChatAction": self._send_chat_action,
            "answerCallbackQuery": self._answer_callback_query,
            "editMessageText": self._edit_text,
            "editMessageCaption": self._edit_caption,
            "editMessageReplyMarkup": self._edit_reply_markup,
            "deleteMessage": self._delete_message,
            "createChatInviteLink": self._create_chat_invite_link,
        }
        self._names = {name.lower(): name for name in methods}
        self._methods = methods

    def reset(self) -> None:
        """Forget every call and file."""
        self.calls.clear()
        self.files.clear()

    def work(self, call: Call) -> Answer:
        """Run a method for the bot of the token."""
        bot, method = self._target(call)
        if bot is None:
            return _refusal(ApiError("Unauthorized", 401))
        if call.unreadable:
            return _refusal(ApiError(f"can't parse the request: {call.unreadable}"))
        return self.run(bot, method, {**call.query, **call.fields})

    def run(self, bot: Bot, method: str, params: Mapping[str, Any]) -> Answer:
        """Run a method with its parameters."""
        name = self._names.get(method.lower())
        if name is None:
            return _refusal(ApiError("Not Found: method not found", 404))
        try:
            return Answer(status=200, body={"ok": True, "result": self._methods[name](bot, normalise(params))})
        except ApiError as exc:
            return _refusal(exc)

    def run_in_reply(self, bot: Bot, document: Mapping[str, Any]) -> None:
        """Run the method of a webhook's answer, one that asks nothing; nobody learns its result."""
        method = str(document["method"])
        if method.lower().startswith("get") or method.lower() in _NOT_IN_REPLY:
            return
        params = {name: value for name, value in document.items() if name != "method"}
        answer = self.run(bot, method, params)
        self._keep(bot, method, params, answer)
        self.calls[-1]["in_reply"] = True

    def touches(self, mode: str, call: Call) -> bool:
        """Say whether a fault concerns a call: a person can only have blocked what is for a chat."""
        return mode != BLOCKED_USER or "chat_id" in call.fields or "chat_id" in call.query

    def faulty(self, fault: Fault, call: Call) -> Answer:  # noqa: ARG002 - the port's signature
        """Word a fault as the Bot API does."""
        if fault.mode == BLOCKED_USER:
            error = ApiError("bot was blocked by the user", 403)
        elif fault.mode == "token_error":
            error = ApiError("Unauthorized", 401)
        elif fault.mode in {"throttle", "retry_after"}:
            seconds = RETRY_AFTER_SECONDS if fault.delay_ms is None else max(1, -(-fault.delay_ms // 1000))
            error = ApiError(f"Too Many Requests: retry after {seconds}", 429, retry_after=seconds)
        else:
            error = ApiError("Internal Server Error", 500)
        return _refusal(error)

    def record(self, call: Call, answer: Answer | None, fault: Fault | None) -> None:
        """Keep a call with its answer, never with its token."""
        bot, method = self._target(call)
        self._keep(bot, method, {**call.query, **call.fields}, answer)
        if fault:
            self.calls[-1]["fault"] = fault.mode

    def _keep(self, bot: Bot | None, method: str, params: Mapping[str, Any], answer: Answer | None) -> None:
        try:
            plain = normalise(params)
        except ApiError:
            plain = dict(params)
        shown = {name: _summary(value) if isinstance(value, Upload) else value for name, value in plain.items()}
        if "secret_token" in shown:
            shown["secret_token"] = "***"  # noqa: S105 - what stands in its place
        self.calls.append(
            {
                "bot_id": bot.bot_id if bot else None,
                "method": self._names.get(method.lower(), method),
                "params": shown,
                "at_ms": self._now_ms(),
                "status": answer.status if answer else None,
                "ok": bool(answer and answer.body.get("ok")),
                "description": answer.body.get("description") if answer else None,
            }
        )

    def _target(self, call: Call) -> tuple[Bot | None, str]:
        match = _PATH.fullmatch(call.path)
        return (self._state.config.bot_by_token(match[1]), match[2]) if match else (None, "")

    def _chat(self, bot: Bot, params: Mapping[str, Any]) -> Chat:
        """Return the chat that a method is for; one who never opened the bot has none, and a negative id is a group's."""
        chat_id = params.get("chat_id")
        if chat_id in {None, ""}:
            raise ApiError("chat_id is empty")
        if not isinstance(chat_id, int) or isinstance(chat_id, bool):
            raise ApiError("chat not found")
        chat = self._chats.open(bot, chat_id) if chat_id < 0 else self._chats.find(bot, chat_id)
        if chat is None:
            raise ApiError("chat not found")
        if chat.is_blocked:
            raise ApiError("bot was blocked by the user", 403)
        return chat

    def _get_me(self, bot: Bot, params: JsonObject) -> object:  # noqa: ARG002 - a method's signature
        return bot_user(bot) | {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}

    def _get_chat(self, bot: Bot, params: JsonObject) -> object:
        return self._chat(bot, params).wire() | {"accent_color_id": 0, "max_reaction_count": 11}

    def _set_webhook(self, bot: Bot, params: JsonObject) -> object:
        url, secret = str(params.get("url") or ""), str(params.get("secret_token") or "")
        if url and not is_web_address(url):
            raise ApiError("bad webhook: invalid webhook URL specified")
        if _SECRET.fullmatch(secret) is None:
            raise ApiError("secret token contains unallowed characters")
        connections, allowed = params.get("max_connections", MAX_CONNECTIONS), params.get("allowed_updates")
        if not isinstance(connections, int) or not 1 <= connections <= CONNECTIONS_LIMIT:
            raise ApiError("invalid max_connections value specified")
        self._drop_pending(bot, params)
        self._webhooks.set_hook(bot, url, secret)
        hook = self._webhooks.hook(bot)
        hook.max_connections = connections
        if isinstance(allowed, list):  # left out, what was asked for before stays
            hook.allowed_updates = tuple(str(kind) for kind in allowed)
        return True

    def _set_my_commands(self, bot: Bot, params: JsonObject) -> object:
        commands = params.get("commands")
        if not isinstance(commands, list):
            raise ApiError("commands are empty")
        for entry in commands:
            if not isinstance(entry, dict) or _COMMAND.fullmatch(str(entry.get("command", ""))) is None:
                raise ApiError("BOT_COMMAND_INVALID")
            if not 1 <= len(str(entry.get("description", ""))) <= COMMAND_DESCRIPTION_MAX_LENGTH:
                raise ApiError("BOT_COMMAND_DESCRIPTION_INVALID")
        self._commands[bot.bot_id] = commands
        return True

    def _get_my_commands(self, bot: Bot, params: JsonObject) -> object:  # noqa: ARG002 - a method's signature
        return self._commands.get(bot.bot_id, [])

    def _delete_webhook(self, bot: Bot, params: JsonObject) -> object:
        self._drop_pending(bot, params)
        self._webhooks.set_hook(bot, "", "")
        return True

    def _drop_pending(self, bot: Bot, params: JsonObject) -> None:
        if str(params.get("drop_pending_updates", "")).lower() == "true":
            self._webhooks.drop_pending(bot)

    def _get_webhook_info(self, bot: Bot, params: JsonObject) -> object:  # noqa: ARG002 - a method's signature
        hook = self._webhooks.hook(bot)
        info: JsonObject = {
            "url": hook.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._webhooks.pending(bot)),
            "max_connections": hook.max_connections,
        }
        if hook.allowed_updates:
            info["allowed_updates"] = list(hook.allowed_updates)
        if hook.last_error_at_ms is not None:
            info |= {"last_error_date": hook.last_error_at_ms // 1000, "last_error_message": hook.last_error}
        return info

    def _send_message(self, bot: Bot, params: JsonObject) -> object:
        chat = self._chat(bot, params)
        text, entities = read_text(params, "text", TEXT_MAX_LENGTH)
        content: JsonObject = {"text": text} | ({"entities": entities} if entities else {})
        return self._say(chat, params, content)

    def _send_photo(self, bot: Bot, params: JsonObject) -> object:
        chat = self._chat(bot, params)
        sizes = self._photo(params.get("photo"))
        caption, entities = read_text(params, "caption", CAPTION_MAX_LENGTH)
        content: JsonObject = {"photo": sizes}
        if caption:
            content |= {"caption": caption} | ({"caption_entities": entities} if entities else {})
        return self._say(chat, params, content)

    def _say(self, chat: Chat, params: JsonObject, content: JsonObject) -> JsonObject:
        markup = check_markup(params.get("reply_markup"))
        message: JsonObject = {
            "message_id": self._chats.next_message_id(chat.bot),
            "from": bot_user(chat.bot),
            "chat": chat.wire(),
            "date": self._now_ms() // 1000,
            **content,
        }
        if markup and "inline_keyboard" in markup:
            message["reply_markup"] = markup
        chat.messages.append(message)
        return message

    def _photo(self, photo: object) -> list[JsonObject]:
        if isinstance(photo, Upload):
            width, height = picture_size(photo.content)
            file_id = f"AgACAgEAAx{self._new_id()}"
            self.files[file_id] = photo
            size = len(photo.content)
        elif isinstance(photo, str) and photo in self.files:
            file_id, size = photo, len(self.files[photo].content)
            width, height = picture_size(self.files[photo].content)
        elif isinstance(photo, str) and is_web_address(photo):
            file_id, size, width, height = f"AgACAgQAAx{self._new_id()}", 1, 640, 640
        elif not photo:
            raise ApiError("there is no photo in the request")
        else:
            raise ApiError("wrong file identifier/HTTP URL specified")
        return [
            {"file_id": file_id, "file_unique_id": f"AQAD{file_id[-12:]}", "width": width, "height": height, "file_size": size}
        ]

    def _send_chat_action(self, bot: Bot, params: JsonObject) -> object:
        self._chat(bot, params)
        if params.get("action") not in _ACTIONS:
            raise ApiError("wrong parameter action in request")
        return True

    def _answer_callback_query(self, bot: Bot, params: JsonObject) -> object:  # noqa: ARG002 - a method's signature
        age_ms = self._chats.callback_age_ms(str(params.get("callback_query_id", "")))
        if age_ms is None or age_ms > CALLBACK_LIFETIME_MS:
            raise ApiError("query is too old and response timeout expired or query ID is invalid")
        if len(str(params.get("text") or "")) > CALLBACK_TEXT_MAX_LENGTH:
            raise ApiError("MESSAGE_TOO_LONG")
        return True

    def _edit_text(self, bot: Bot, params: JsonObject) -> object:
        message = self._own_message(bot, params, "edit")
        if "text" not in message:
            raise ApiError("there is no text in the message to edit")
        text, entities = read_text(params, "text", TEXT_MAX_LENGTH)
        return self._edit(message, params, {"text": text, "entities": entities})

    def _edit_caption(self, bot: Bot, params: JsonObject) -> object:
        message = self._own_message(bot, params, "edit")
        if "photo" not in message:
            raise ApiError("there is no caption in the message to edit")
        caption, entities = read_text(params, "caption", CAPTION_MAX_LENGTH)
        return self._edit(message, params, {"caption": caption, "caption_entities": entities})

    def _edit_reply_markup(self, bot: Bot, params: JsonObject) -> object:
        return self._edit(self._own_message(bot, params, "edit"), params, {})

    def _edit(self, message: JsonObject, params: JsonObject, content: JsonObject) -> JsonObject:
        wanted = content | {"reply_markup": check_markup(params.get("reply_markup"))}
        if all((message.get(name) or None) == (value or None) for name, value in wanted.items()):
            raise ApiError(
                "message is not modified: specified new message content and reply markup are exactly the same as a current "
                "content and reply markup of the message"
            )
        for name, value in wanted.items():
            if value:
                message[name] = value
            else:
                message.pop(name, None)
        message["edit_date"] = self._now_ms() // 1000
        return message

    def _delete_message(self, bot: Bot, params: JsonObject) -> object:
        chat = self._chat(bot, params)
        message = chat.message(params.get("message_id"))
        if message is None:
            raise ApiError("message to delete not found")
        chat.messages.remove(message)
        return True

    def _own_message(self, bot: Bot, params: JsonObject, purpose: str) -> JsonObject:
        message = self._chat(bot, params).message(params.get("message_id"))
        if message is None:
            raise ApiError(f"message to {purpose} not found")
        if not message.get("from", {}).get("is_bot"):
            raise ApiError(f"message can't be {purpose}ed")
        return message

    def _create_chat_invite_link(self, bot: Bot, params: JsonObject) -> object:
        chat = self._chat(bot, params)
        if chat.chat_id > 0:
            raise ApiError("method is available for supergroup and channel chats only")
        link: JsonObject = {
            "invite_link": f"https://t.me/+{self._new_id()[:16]}",
            "creator": bot_user(bot),
            "creates_join_request": str(params.get("creates_join_request", "")).lower() == "true",
            "is_primary": False,
            "is_revoked": False,
        }
        return link | {name: params[name] for name in ("name", "expire_date", "member_limit") if name in params}


def _refusal(error: ApiError) -> Answer:
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return Answer(status=error.code, body=error.body(), headers=headers)


def _summary(upload: Upload) -> JsonObject:
    return {"file": {"name": upload.name, "bytes": len(upload.content), "content_type": upload.content_type}}
