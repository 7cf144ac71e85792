"""What the operator reads, in Portuguese and English, each text once. What reasons mean is in ``rastro.tracking.reasons``."""

from __future__ import annotations

from collections.abc import Mapping

from rastro.explanation import Language
from rastro_cli.privacy_texts import PRIVACY_TEXTS
from rastro_cli.reporting_texts import REPORT_TEXTS
from rastro_cli.setup_texts import SETUP_TEXTS


class Texts:
    """The texts of one language."""

    def __init__(self, language: Language) -> None:
        """Take the language."""
        self.language = language

    def __call__(self, text: str, /, **values: object) -> str:
        """Return a text with its values in place; raises ``KeyError`` for a text that there is none of."""
        portuguese, english = TEXTS[text]
        return (portuguese if self.language is Language.PT else english).format(**values)


TEXTS: Mapping[str, tuple[str, str]] = {
    **SETUP_TEXTS,
    **REPORT_TEXTS,
    **PRIVACY_TEXTS,
    "error": ("Erro: {message}", "Error: {message}"),
    "error.store": ("A implantação não respondeu: {message}", "The deployment did not answer: {message}"),
    "error.secret": ("Falta um segredo: {message}", "A secret is missing: {message}"),
    "error.settings": (
        "A configuração da função reconciler está incompleta: {message}",
        "The configuration of the function reconciler is incomplete: {message}",
    ),
    "error.conflict": (
        "Outros continuam gravando o mesmo registro ({message}). Tente de novo.",
        "Others keep writing the same record ({message}). Try again.",
    ),
    "interrupted": ("Interrompido.", "Interrupted."),
    "fault": (
        "Aviso: o cache não respondeu ({message}); o registro tem tudo.",
        "Note: the cache failed ({message}); the record has all.",
    ),
    # profiles
    "profile.none": (
        "Diga em qual implantação trabalhar, com --profile NOME ou RASTRO_PROFILE. Existem:\n{choice}",
        "Say which deployment to work on, with --profile NAME or RASTRO_PROFILE. There are:\n{choice}",
    ),
    "profile.unknown": ("Não há perfil {name}. Existem:\n{choice}", "There is no profile {name}. There are:\n{choice}"),
    "profile.incomplete": (
        "Ao perfil {name} em {path} falta: {missing}.",
        "The profile {name} in {path} lacks: {missing}.",
    ),
    "profile.no_stack": (
        "A pilha local não está rodando: não há {path}. Inicie com: make dev",
        "The local stack does not run: there is no {path}. Start it with: make dev",
    ),
    "profile.unreadable": ("{path} não pode ser lido como deveria.", "{path} cannot be read as it should."),
    "profile.local_runs": ("(a pilha local, em {path})", "(the local stack, in {path})"),
    "profile.local_stopped": ("(a pilha local; não está rodando)", "(the local stack; it does not run)"),
    "profile.where": ("Outros perfis são descritos em {path}.", "Other profiles are described in {path}."),
    # what is not there
    "unknown.payment": ("Não há pagamento {id}.", "There is no payment {id}."),
    "unknown.bot_user": ("Não há bot_user {id}.", "There is no bot_user {id}."),
    "unknown.click": (
        "Nenhum clique com esse token, e o token não é assinado por esta implantação.",
        "No click with this token, and the token is not signed by this deployment.",
    ),
    # headings
    "heading.payment": ("Pagamento {id}", "Payment {id}"),
    "heading.bot_user": ("Bot user {id}", "Bot user {id}"),
    "heading.click": ("Clique {id}", "Click {id}"),
    "heading.token": ("Token {id}", "Token {id}"),
    "heading.timeline": ("Linha do tempo (UTC)", "Time line (UTC)"),
    "heading.checks": ("O que se sabe no momento da venda", "What is known as of the sale"),
    "heading.checks_now": ("O que se sabe agora", "What is known now"),
    "heading.cause": ("Causa raiz", "Root cause"),
    "heading.remedy": ("O que fazer", "Remedy"),
    "heading.plan": ("O que um reparo mudaria", "What a repair would change"),
    "heading.done": ("O que o reparo mudou", "What the repair changed"),
    "heading.people": ("Pessoas deste clique", "People of this click"),
    "heading.payments": ("Pagamentos", "Payments"),
    "in_funnel": ("funil {slug}", "funnel {slug}"),
    "before": ("antes", "before"),
    "after": ("depois", "after"),
    "none": ("NONE", "NONE"),
    "nothing": ("nada", "nothing"),
    "linked": ("Ligado: {source} ({confidence})", "Linked: {source} ({confidence})"),
    "linked.now": (
        "A próxima interação da pessoa a ligaria por {source} ({confidence}), clique de {at}.",
        "The person's next step would link them by {source} ({confidence}), click of {at}.",
    ),
    "plan.nothing": ("Nada: está tudo como pode estar.", "Nothing: everything is as it can be."),
    "plan.links": (
        "Há evidência: um reparo liga esta venda. Rode: rastro repair payment {id} --profile {profile}",
        "There is evidence: a repair links this sale. Run: rastro repair payment {id} --profile {profile}",
    ),
    "plan.run": ("Rode: rastro repair payment {id} --profile {profile}", "Run: rastro repair payment {id} --profile {profile}"),
    "dry_run": ("Simulação: nada foi gravado.", "Dry run: nothing was written."),
    # what became of a Purchase
    "purchase": ("Purchase no pixel {pixel}: {what}", "Purchase at pixel {pixel}: {what}"),
    "purchase.obstacle": ("Purchase não enviado: {what}", "Purchase not sent: {what}"),
    "sending.created": ("entra na fila, com a campanha", "queued, with the campaign"),
    "sending.released": ("estava retido; entra na fila com a ligação reparada", "was held; queued with the repaired link"),
    "sending.held": (
        "retido; o reconciler o envia quando a janela de reparo acabar",
        "held; the reconciler sends it when the repair window is over",
    ),
    "sending.on_its_way": (
        "já está na fila e vai como está: a qualquer momento pode ser enviado",
        "queued already and goes as it is: it may be sent at any moment",
    ),
    "sending.being_sent": ("está sendo enviado agora", "being sent just now"),
    "sending.accepted": (
        "já aceito pela Meta, que guarda a primeira cópia: não é enviado de novo",
        "accepted by Meta, which keeps the first copy: not sent again",
    ),
    "sending.rejected": (
        "recusado pela Meta: veja o código na linha do tempo",
        "rejected by Meta: see the code in the time line",
    ),
    "sending.parked": (
        "espera pelo pixel (token ou permissão); sai com `rastro pixel resume` quando o pixel voltar",
        "waits for its pixel (token or permission); goes by `rastro pixel resume` once the pixel is back",
    ),
    "sending.expired": ("passou dos 7 dias que a Meta aceita", "older than the 7 days that Meta accepts"),
    "obstacle.not_paid": ("não foi pago", "it was not paid"),
    "obstacle.refunded": ("foi devolvido", "it was refunded"),
    "obstacle.too_old": (
        "pago há mais de 7 dias, e a Meta não aceita mais",
        "paid more than 7 days ago, which Meta no longer accepts",
    ),
    "obstacle.unlinked": (
        "sem ligação certa; uma cópia enviada agora não poderia ser corrigida depois",
        "no certain link; a copy sent now could not be corrected later",
    ),
    "obstacle.reported_before": ("o sistema anterior já o reportou", "the earlier system reported it"),
    "obstacle.no_pixel": ("o funil não tem pixel", "the funnel has no pixel"),
    # hops
    "hop.click": ("clique", "click"),
    "hop.met": ("1º contato", "first contact"),
    "hop.passage": ("passagem", "passage"),
    "hop.start": ("/start", "/start"),
    "hop.link": ("ligação", "link"),
    "hop.charge": ("cobrança", "charge"),
    "hop.paid": ("pago", "paid"),
    "hop.purchase": ("Purchase", "Purchase"),
    # traces
    "trace.start": ("/start", "/start"),
    "trace.session": ("ligação gravada", "saved link"),
    "trace.visitor": ("navegador", "browser"),
    "trace.fbclid": ("fbclid", "fbclid"),
    "finding.start.usable": ("veio com o token do clique", "came with the click's token"),
    "finding.start.absent": ("nenhum /start registrado", "no /start recorded"),
    "finding.start.bare": ("veio sem o token", "came without the token"),
    "finding.start.invalid": ("veio com um texto que não é um token nosso", "came with a text that is no token of ours"),
    "finding.start.foreign": (
        "veio com o token de um funil que não leva a este bot",
        "came with the token of a funnel that does not lead to this bot",
    ),
    "finding.session.absent": ("o bot_user não tem nenhuma", "the bot_user has none"),
    "finding.visitor.absent": ("nenhum navegador conhecido desta pessoa", "no browser known of this person"),
    "finding.fbclid.absent": ("o bot_user não tem fbclid", "the bot_user has no fbclid"),
    "finding.usable": ("leva a um clique dentro da janela", "leads to a click inside the window"),
    "finding.no_click": ("nenhum clique registrado com ele", "no click recorded with it"),
    "finding.other_funnel": (
        "leva a um clique de um funil que não leva a este bot",
        "leads to a click of a funnel that does not lead to this bot",
    ),
    "finding.after_sale": ("leva só a um clique posterior à venda", "leads only to a click after the sale"),
    "finding.outside_window": (
        "leva a um clique fora da janela de atribuição",
        "leads to a click outside the attribution window",
    ),
    "finding.unavailable": ("o registro de cliques não respondeu", "the click store did not answer"),
    # tokens
    "token.valid": ("✅ Token válido, assinado com a chave {key}", "✅ Valid token, signed by the {key} key"),
    "token.reference": (
        "➡️  Não é um token de clique: é a referência assinada (u) a um bot_user, {state}",
        "➡️  Not a click's token: it is the signed reference (u) to a bot_user, {state}",
    ),
    "token.reference.valid": ("ainda válida", "still valid"),
    "token.reference.expired": ("vencida", "expired"),
    "token.flaw.length": (
        "❌ Não é um token: tem {length} caracteres, um token tem {expected}. Cortado, ou de outro sistema.",
        "❌ Not a token: it has {length} characters, a token has {expected}. Cut off, or of another system.",
    ),
    "token.flaw.alphabet": (
        "❌ Não é um token: há caracteres fora de A-Z a-z 0-9 _ -",
        "❌ Not a token: there are characters other than A-Z a-z 0-9 _ -",
    ),
    "token.flaw.signature": (
        "❌ Não foi assinado por esta implantação: alterado, forjado, de outra implantação, ou a chave já saiu de uso.",
        "❌ Not signed by this deployment: altered, forged, of another deployment, or its key is no longer in use.",
    ),
    "token.key.current": ("atual", "current"),
    "token.key.previous": ("anterior", "previous"),
    "token.click_stored": ("clique registrado", "click stored"),
    "token.yes": ("sim", "yes"),
    "token.no": ("não: só o token o prova", "no: the token alone proves it"),
    "token.foreign_click": (
        "Há, mesmo assim, um clique registrado com esse texto, do funil {slug}.",
        "All the same a click is stored under this text, of the funnel {slug}.",
    ),
    # bulk
    "bulk.line": ("{id}  {before} → {after}  Purchase: {purchase}", "{id}  {before} → {after}  Purchase: {purchase}"),
    "bulk.day": ("{day}  {looked_at} vendas vistas", "{day}  {looked_at} sales looked at"),
    "bulk.heading": ("Reparo de {since} até agora", "Repair from {since} until now"),
    "bulk.conflict": ("{id}  outros continuam gravando este pagamento", "{id}  others keep writing this payment"),
    "bulk.failed": ("{id}  {message}", "{id}  {message}"),
    "bulk.limit": (
        "Parou no limite de {limit} vendas. Continue com: --from-day {day} (e um --limit maior, se o dia não couber nele)",
        "Stopped at the limit of {limit} sales. Go on with: --from-day {day} (and a higher --limit, if the day does not fit)",
    ),
    "bulk.resume": ("Pare e continue quando quiser: --from-day {day}", "Go on from where this ended: --from-day {day}"),
    "count.looked_at": ("vendas vistas", "sales looked at"),
    "count.worth": ("sem ligação ou sem Purchase", "without link or Purchase"),
    "count.linked": ("ligadas agora", "linked now"),
    "count.purchases": ("Purchases na fila", "Purchases queued"),
    "count.people": ("bot_users atualizados", "bot_users updated"),
    "count.unlinked": ("continuam sem ligação", "still without a link"),
    "count.failed": ("falharam", "failed"),
    "count.unlinked_by": ("  por {reason}", "  for {reason}"),
    "repair.since_needed": (
        "Diga o que reparar: rastro repair payment ID, ou rastro repair --since 7d",
        "Say what to repair: rastro repair payment ID, or rastro repair --since 7d",
    ),
    "repair.since_wrong": (
        "--since é uma duração como 7d ou 12h, ou um dia como 2026-09-01, até 366 dias atrás.",
        "--since is a duration such as 7d or 12h, or a day such as 2026-09-01, at most 366 days ago.",
    ),
    "repair.options_first": (
        "Ponha --dry-run depois do ID; --since, --funnel e --from-day não combinam com um pagamento só. Nada foi feito.",
        "Put --dry-run behind the ID; --since, --funnel and --from-day do not go with a single payment. Nothing was done.",
    ),
    "repair.day_wrong": ("--from-day é um dia como 2026-09-01.", "--from-day is a day such as 2026-09-01."),
    # delivery to Meta
    "heading.events": ("Entrega do pagamento {id} à Meta", "Delivery of payment {id} to Meta"),
    "heading.failed": ("O que não chegou à Meta desde {since}", "What did not reach Meta since {since}"),
    "heading.dead_letters": ("Fila de mensagens mortas", "Dead letter queue"),
    "event": ("{name} {id} no pixel {pixel}: {status}", "{name} {id} at pixel {pixel}: {status}"),
    "event.none": ("Nenhum evento no registro de entrega: {why}", "No event in the delivery ledger: {why}"),
    "event.none.repairable": (
        "ainda não foi criado; rode: rastro repair payment {id} --profile {profile}",
        "not made yet; run: rastro repair payment {id} --profile {profile}",
    ),
    "event.error": ("Código {code}: {meaning}", "Code {code}: {meaning}"),
    "event.remedy": ("O que fazer: {remedy}", "What to do: {remedy}"),
    "event.attempts": ("tentativas: {count}", "attempts: {count}"),
    "event.attempt": ("  {number}ª tentativa, {at}: {status}", "  attempt {number}, {at}: {status}"),
    "event.attempt.doubtful": ("sem resposta: a Meta pode ter recebido", "no answer: Meta may have it"),
    "event.doubtful": (
        "{count} envio(s) sem resposta certa; só é enviado de novo com o mesmo event_id, dentro de 48 h: até {until}",
        "{count} sending(s) without a certain answer; sent again only under the same event_id, within 48 h: until {until}",
    ),
    "event.days_left": (
        "Restam {days} dias: a Meta aceita este evento até {until}",
        "{days} days left: Meta takes this event until {until}",
    ),
    "event.too_late": ("A Meta não aceita este evento desde {until}", "Meta no longer takes this event since {until}"),
    "event.test": (
        "⚠️  enviado com o test_event_code {code}: aparece só em Eventos de teste, não conta como venda",
        "⚠️  sent with the test_event_code {code}: it shows under Test events only, and counts as no sale",
    ),
    "event.at.event_time": ("aconteceu", "happened"),
    "event.at.first_sent_at": ("1º envio", "first sent"),
    "event.at.accepted_at": ("aceito", "accepted"),
    "event.at.parked_at": ("estacionado", "parked"),
    "event.at.claimed_until": ("reservado até", "claimed until"),
    "event.at.requeued_at": ("posto de novo na fila", "queued again"),
    "failed.none": ("Nada: nenhuma venda parada, recusada ou vencida.", "Nothing: no sale parked, rejected or expired."),
    "failed.more": (
        "O pixel {pixel} tem mais de {limit} eventos estacionados; aqui estão os mais antigos.",
        "The pixel {pixel} has more than {limit} parked events; here are the oldest.",
    ),
    "count.failed_parked": ("estacionados", "parked"),
    "count.failed_rejected": ("recusados", "rejected"),
    "count.failed_expired": ("vencidos", "expired"),
    "dead.count": ("cerca de {count} mensagens", "about {count} messages"),
    "dead.next": (
        "Devolva-as à fila com: rastro replay dlq --dry-run --profile {profile}",
        "Give them back to the queue with: rastro replay dlq --dry-run --profile {profile}",
    ),
    "dead.event": ("{event_name} {event_id} no pixel {pixel_id}", "{event_name} {event_id} at pixel {pixel_id}"),
    "dead.lost_click": ("clique a restaurar ({event_id})", "click to restore ({event_id})"),
    "dead.unreadable": (
        "mensagem {message_id} que não é nossa: fica onde está",
        "message {message_id}, none of ours: it stays where it is",
    ),
    "resume.done": ("Pixel {pixel}: {count} eventos voltaram à fila", "Pixel {pixel}: {count} events are queued again"),
    "resume.would": ("Pixel {pixel}: {count} eventos voltariam à fila", "Pixel {pixel}: {count} events would be queued again"),
    "resume.by_name": ("  {count}  {name}", "  {count}  {name}"),
    "resume.late": (
        "  {count} deles passaram dos 7 dias: o sender os dá por vencidos",
        "  {count} of them are older than 7 days: the sender will mark them expired",
    ),
    "resume.progress": ("{count} eventos", "{count} events"),
    "resume.broken_off": (
        "Parou depois de {count} eventos. Os outros continuam estacionados: rode de novo o mesmo comando.",
        "Stopped after {count} events. The others are still parked: run the same command again.",
    ),
    "replay.requeued": ("voltou à fila", "queued again"),
    "replay.would": ("voltaria à fila", "would be queued again"),
    "replay.left": ("fica como está: {why}", "left as it is: {why}"),
    "replay.broken_off": (
        "Parou depois de {count} mensagens. As outras continuam na fila de mensagens mortas.",
        "Stopped after {count} messages. The others are still in the dead letter queue.",
    ),
    "count.moved": ("mensagens devolvidas à fila", "messages given back to the queue"),
    "count.would_move": ("mensagens que voltariam à fila", "messages that would go back to the queue"),
    "count.unreadable": ("mensagens que não são nossas (ficam onde estão)", "messages none of ours (they stay)"),
    "replay.limit": (
        "Parou no limite de {limit} mensagens; rode de novo para continuar.",
        "Stopped at the limit of {limit} messages; run again to go on.",
    ),
    "check.code_needed": (
        (
            "Diga o código de teste com --test-event-code: está no Gerenciador de Eventos, no pixel, em Eventos de teste. "
            "A Meta só mostra se um token vale quando recebe um evento, e sem o código ele contaria como real. Nada foi enviado."
        ),
        (
            "Give the test code with --test-event-code: it is in the Events Manager, at the pixel, under Test events. "
            "Meta says whether a token holds only when it gets an event, and without the code that would count as real. "
            "Nothing was sent."
        ),
    ),
    "check.pixel_wrong": ("O id de um pixel só tem dígitos: {id}", "A pixel's id has digits only: {id}"),
    "check.accept": (
        "✅ Pixel {pixel}: a Meta aceitou o evento de teste. O token, a permissão e o id do pixel estão certos.",
        "✅ Pixel {pixel}: Meta accepted the test event. Token, permission and pixel id are right.",
    ),
    "check.park": (
        "❌ Pixel {pixel}: há algo errado no token, na permissão ou no id do pixel.",
        "❌ Pixel {pixel}: something is wrong with the token, the permission or the pixel id.",
    ),
    "check.reject": (
        "❌ Pixel {pixel}: a Meta leu o evento de teste e o recusou.",
        "❌ Pixel {pixel}: Meta read the test event and refused it.",
    ),
    "check.retry": (
        "❌ Pixel {pixel}: a Meta não respondeu como deveria, e nada se sabe do pixel. Tente de novo.",
        "❌ Pixel {pixel}: Meta did not answer as it should, and nothing is known of the pixel. Try again.",
    ),
    "check.retry_slowly": (
        "❌ Pixel {pixel}: a Meta pede para esperar; nada se sabe do pixel. Tente mais tarde.",
        "❌ Pixel {pixel}: Meta asks to wait; nothing is known of the pixel. Try later.",
    ),
    "check.no_token": (
        "❌ Pixel {pixel}: não há token no segredo pixels/{pixel}/token.",
        "❌ Pixel {pixel}: there is no token in the secret pixels/{pixel}/token.",
    ),
    "check.see": (
        "Veja-o em Eventos de teste: PageView {event_id}",
        "See it under Test events: PageView {event_id}",
    ),
    # import
    "import.unreadable": ("{path} não pode ser lido: {message}", "{path} cannot be read: {message}"),
    "import.too_large": (
        "{path} tem mais de {limit} MB: divida o arquivo.",
        "{path} has more than {limit} MB: split it.",
    ),
    "import.kind": (
        "{path}: o nome tem de acabar em .csv ou .jsonl",
        "{path}: its name has to end in .csv or .jsonl",
    ),
    "import.timezone": ("Não há fuso horário {name}.", "There is no time zone {name}."),
    "import.line": ("linha {number}: {message}", "line {number}: {message}"),
    "import.more_errors": ("… e mais {count} linhas com erro", "… and {count} more lines with errors"),
    "import.heading": ("Importação de {path}", "Import of {path}"),
    "import.resume": (
        "Parou na linha {number}. Rode de novo o mesmo comando: o que já foi gravado fica como está.",
        "Stopped at line {number}. Run the same command again: what is written already stays as it is.",
    ),
    "count.lines": ("linhas", "lines"),
    "count.payments_created": ("pagamentos criados", "payments created"),
    "count.payments_already_there": ("pagamentos que já existiam", "payments that were there already"),
    "count.bot_users_created": ("bot_users criados", "bot_users created"),
    "count.bot_users_completed": ("bot_users completados", "bot_users completed"),
    "count.bot_users_unchanged": ("bot_users sem mudança", "bot_users unchanged"),
    "count.errors": ("linhas com erro (nada gravado delas)", "lines with errors (nothing written of them)"),
    "import.next": (
        "Nada foi enviado à Meta. Próximo passo: rastro doctor payment ID, rastro repair payment ID",
        "Nothing was sent to Meta. Next: rastro doctor payment ID, rastro repair payment ID",
    ),
}
"""By name: Portuguese, English."""
