"""What the operator reads of a person's requests."""

from __future__ import annotations

from collections.abc import Mapping

PRIVACY_TEXTS: Mapping[str, tuple[str, str]] = {
    "erase.one_option": (
        "Diga de quem, com uma destas opções: --chat BOT_ID/CHAT_ID, --payer NOME ou --payment ID.",
        "Say whose, by one of these options: --chat BOT_ID/CHAT_ID, --payer NAME or --payment ID.",
    ),
    "erase.chat_wrong": (
        "{chat} não é BOT_ID/CHAT_ID nem CHAT_ID: só dígitos, como 7000000001/123456789.",
        "{chat} is neither BOT_ID/CHAT_ID nor CHAT_ID: digits only, such as 7000000001/123456789.",
    ),
    "erase.unknown_payer": (
        "Nenhum pagamento com esse nome ou id de PIX. Dos nomes só o primeiro e o último são guardados, embaralhados.",
        "No payment with this name or PIX id. Of names only the first and the last are kept, hashed.",
    ),
    "erase.several": (
        "Várias pessoas pagaram com esse nome. Descubra qual é o pagamento e use --payment ID:",
        "Several people paid under this name. Find out which payment it is and use --payment ID:",
    ),
    "erase.nothing": ("Nada desta pessoa é guardado.", "Nothing of this person is held."),
    "heading.erased": ("Apagado em {at}, bot {bot}", "Erased at {at}, bot {bot}"),
    "heading.would_erase": ("O que seria apagado, bot {bot}", "What would be erased, bot {bot}"),
    "erase.deleted": ("{count:>6}  {place}: registro inteiro", "{count:>6}  {place}: the whole record"),
    "erase.stripped": ("{count:>6}  {place}: {fields}", "{count:>6}  {place}: {fields}"),
    "erase.whole": ("tudo", "everything"),
    "erase.remains": (
        "        {place}: fora de alcance; acaba sozinho até {until}",
        "        {place}: out of reach; over by itself until {until}",
    ),
    "erase.open": (
        "Venda em aberto: {id}. O que for pago por ela a partir de agora não tem a quem ser entregue: devolva o dinheiro.",
        "Open sale: {id}. What is paid for it from now on can be delivered to nobody: give the money back.",
    ),
    "erase.elsewhere": (
        "O que já foi enviado à Meta, ao Telegram e ao provedor de PIX está com eles: docs/privacidade.md diz como pedir.",
        "What went to Meta, Telegram and the PIX provider already is with them: docs/privacidade.md says how to ask.",
    ),
    "place.cache": ("cache", "cache"),
    "place.click": ("cliques", "clicks"),
    "place.event": ("eventos para a Meta", "events for Meta"),
    "place.inbox": ("mensagens já respondidas", "updates dealt with"),
    "place.bot_user": ("bot_user", "bot_user"),
    "place.payment": ("vendas", "sales"),
    "place.streams": ("fluxos do DynamoDB", "DynamoDB streams"),
    "place.queues": ("filas", "queues"),
    "place.backups": ("cópias de segurança", "backups"),
    "export.chat_needed": ("Diga de quem: --chat BOT_ID/CHAT_ID.", "Say whose: --chat BOT_ID/CHAT_ID."),
    "export.nothing": ("Nada é guardado de {chat}.", "Nothing is held of {chat}."),
}

PRIVACY_PORTUGUESE: Mapping[str, str] = {
    "Erase a person from every table and the cache; sales stay, without them. A receipt says what was done.": (
        "Apaga uma pessoa de todas as tabelas e do cache; as vendas ficam, sem ela. Um recibo diz o que foi feito."
    ),
    "Print everything that is held of a person as JSON, each field explained in Portuguese.": (
        "Imprime tudo o que é guardado de uma pessoa em JSON, cada campo explicado em português."
    ),
    "The person by their chat with a bot; without BOT_ID/ in every bot.": (
        "A pessoa pela conversa com um bot; sem BOT_ID/ em todos os bots."
    ),
    "The person by who paid: the name that the bank has, or the PIX's id (E…) on the receipt.": (
        "A pessoa por quem pagou: o nome que o banco tem, ou o id do PIX (E…) no comprovante."
    ),
    "The person by a payment of theirs.": "A pessoa por um pagamento dela.",
}
