"""What ``rastro report`` says, in its table and on its page, in Portuguese and English."""

from __future__ import annotations

from collections.abc import Mapping

REPORT_PORTUGUESE: Mapping[str, str] = {
    "Report clicks, starts, links, sales and what Meta accepted, by campaign, funnel, bot, provider, day or client.": (
        "Relata cliques, entradas no bot, ligações, vendas e o que a Meta aceitou, por campanha, funil, bot, provedor, dia ou "
        "aparelho."
    ),
    "The first day, such as 2026-09-01; by default a week of days up to the last.": (
        "O primeiro dia, como 2026-09-01; por padrão, uma semana de dias até o último."
    ),
    "The last day, included; by default today.": "O último dia, incluído; por padrão, hoje.",
    "What to tell apart: campaign, funnel, bot, provider, day, client; several with commas.": (
        "O que separar: campaign, funnel, bot, provider, day, client; vários com vírgulas."
    ),
    "Only this funnel; may be given several times.": "Só este funil; pode ser dado várias vezes.",
    "Only this campaign; may be given several times.": "Só esta campanha; pode ser dado várias vezes.",
    "Only this bot; may be given several times.": "Só este bot; pode ser dado várias vezes.",
    "Only this PIX provider; may be given several times.": "Só este provedor de PIX; pode ser dado várias vezes.",
    "The zone that days begin and end in.": "O fuso em que os dias começam e terminam.",
    "How many lines the table on the terminal has at most.": "Quantas linhas a tabela do terminal tem no máximo.",
    "Print CSV: a line for each row, money in cents.": "Imprime CSV: uma linha por registro, dinheiro em centavos.",
    "Write a page with plots to this file, for a browser.": "Grava neste arquivo uma página com gráficos, para o navegador.",
}

REPORT_TEXTS: Mapping[str, tuple[str, str]] = {
    "report.title": ("Relatório de vendas", "Sales report"),
    "report.period": ("{first} a {last}", "{first} to {last}"),
    "report.day": ("{first}", "{first}"),
    "report.zone": ("dias em {zone}", "days in {zone}"),
    "report.only": ("só {what}", "only {what}"),
    "report.made": ("Feito em {at}", "Made at {at}"),
    "report.written": ("Página gravada em {path}", "Page written to {path}"),
    "report.more": (
        "… mais {count} linhas: --top mostra mais, --csv e --json mostram todas.",
        "… {count} more lines: --top shows more, --csv and --json show all.",
    ),
    "report.nothing": ("Nada foi registrado neste período.", "Nothing was recorded in this period."),
    "report.step.people": ("Lendo cliques e entradas: {done} de {of} horas", "Reading clicks and starts: {done} of {of} hours"),
    "report.step.sales": ("Lendo vendas: {done} de {of} dias", "Reading sales: {done} of {of} days"),
    # what was asked wrongly
    "report.wrong_day": ("{value} não é um dia: escreva como 2026-09-01.", "{value} is no day: write it like 2026-09-01."),
    "report.wrong_order": (
        "O primeiro dia ({first}) vem depois do último ({last}).",
        "The first day ({first}) is after the last ({last}).",
    ),
    "report.too_long": ("No máximo {days} dias de uma vez.", "At most {days} days at once."),
    "report.wrong_dimension": (
        "Não há separação por {value}; há: {choice}",
        "There is nothing to tell apart by {value}; there is: {choice}",
    ),
    "report.one_format": ("--json, --csv e --html: escolha um.", "--json, --csv and --html: choose one."),
    "report.wrong_file": ("{path} não pode ser gravado: {why}", "{path} cannot be written: {why}"),
    # dimensions, and their values that are not there
    "dimension.campaign": ("Campanha", "Campaign"),
    "dimension.funnel": ("Funil", "Funnel"),
    "dimension.bot": ("Bot", "Bot"),
    "dimension.provider": ("Provedor", "Provider"),
    "dimension.day": ("Dia", "Day"),
    "dimension.client": ("Aparelho", "Client"),
    "no.campaign": ("(sem campanha)", "(no campaign)"),
    "no.funnel": ("(sem funil)", "(no funnel)"),
    "no.bot": ("(sem bot)", "(no bot)"),
    "no.provider": ("(sem provedor)", "(no provider)"),
    "no.day": ("(sem dia)", "(no day)"),
    "no.client": ("(desconhecido)", "(unknown)"),
    "others": ("outras", "others"),
    # figures
    "figure.clicks": ("Cliques", "Clicks"),
    "figure.starts": ("Entradas", "Starts"),
    "figure.linked": ("Ligadas", "Linked"),
    "figure.charges": ("Cobranças", "Charges"),
    "figure.paid": ("Pagas", "Paid"),
    "figure.revenue": ("Receita", "Revenue"),
    "figure.refunded": ("Devolvido", "Refunded"),
    "figure.accepted": ("Aceitas", "Accepted"),
    "figure.coverage": ("Cobertura", "Coverage"),
    "figure.unlinked": ("Sem ligação", "Unlinked"),
    "figure.delay": ("Até aceitar", "To accept"),
    "figure.total": ("Total", "Total"),
    "none.figure": ("-", "-"),
    "what.clicks": ("pessoas que passaram pelo link do anúncio", "people who passed the ad's link"),
    "what.starts": ("pessoas que abriram o bot, cada uma uma vez por hora", "people who opened the bot, each once an hour"),
    "what.charges": ("cobranças PIX geradas", "PIX charges made"),
    "what.paid": ("vendas pagas", "sales paid"),
    "what.accepted": ("Purchases que a Meta aceitou em todos os pixels", "Purchases that Meta accepted at every pixel"),
    "what.coverage": ("das vendas pagas têm ligação certa com um clique", "of the paid sales have a certain link to a click"),
    "what.delay": ("do pagamento até a Meta aceitar, mediana", "from the payment until Meta accepted, median"),
    "what.unlinked": ("receita de vendas sem ligação certa", "revenue of sales without a certain link"),
    "what.revenue": ("de {paid} vendas pagas", "of {paid} paid sales"),
    "what.refunded": ("devolvido aos compradores", "given back to buyers"),
    # headings
    "report.heading.links": ("Como as entradas foram ligadas", "How starts were linked"),
    "report.heading.reasons": ("Receita sem ligação, por motivo", "Unlinked revenue, by reason"),
    "report.heading.delivery": ("O que foi feito das vendas na Meta", "What became of the sales at Meta"),
    "report.heading.funnel": ("Do clique à Meta", "From the click to Meta"),
    "report.heading.revenue": ("Receita por dia e campanha", "Revenue by day and campaign"),
    "report.heading.table": ("Números por {by}", "Figures by {by}"),
    "report.heading.attention": ("Vale olhar", "Worth a look"),
    "report.and": (" e ", " and "),
    "report.heading.more": ("Por outros lados", "From other sides"),
    # how starts are linked
    "source.start_param": ("token do /start", "token of the /start"),
    "source.bridge": ("ponte do bot pelo site", "the bot's bridge over the site"),
    "source.redirect": ("reconhecida no redirect", "recognised at the redirect"),
    "source.bot_user": ("clique anterior da pessoa", "an earlier click of theirs"),
    "source.fbclid": ("fbclid: o anúncio, não a pessoa", "fbclid: the ad, not the person"),
    "source.recent_click": ("clique recente, provável", "recent click, probable"),
    "source.none": ("sem ligação", "no link"),
    # what became of a Purchase
    "state.accepted": ("aceitas", "accepted"),
    "state.queued": ("na fila", "queued"),
    "state.held": ("retidas, à espera de ligação", "held, waiting for a link"),
    "state.parked": ("estacionadas no pixel", "parked at the pixel"),
    "state.rejected": ("recusadas", "rejected"),
    "state.expired": ("vencidas", "expired"),
    "state.none": ("sem evento", "without an event"),
    # why sales have no link
    "reason.direct_entry": ("Entrou direto no bot", "Entered the bot directly"),
    "reason.payload_dropped": ("O Telegram perdeu o token", "Telegram dropped the token"),
    "reason.token_invalid": ("Token inválido", "Invalid token"),
    "reason.token_foreign": ("Token de outro funil", "Token of another funnel"),
    "reason.click_expired": ("O clique já venceu", "The click expired"),
    "reason.outside_window": ("Fora da janela de atribuição", "Outside the attribution window"),
    "reason.fbclid_absent": ("Sem fbclid nem vestígio", "No fbclid, no trace"),
    "reason.fbclid_unknown": ("fbclid desconhecido", "Unknown fbclid"),
    "reason.filtered_click": ("Visita tida por robô", "Visit taken for a robot's"),
    "reason.stores_unavailable": ("Registro fora do ar", "Records out of reach"),
    "reason.click_after_sale": ("Clique depois da venda", "Click after the sale"),
    "reason.legacy_payment": ("Venda do sistema anterior", "Sale of an earlier system"),
    "reason.probable": ("Ligação só provável", "Only a probable link"),
    "reason.unknown": ("Motivo não registrado", "Reason not recorded"),
    "remedy.probable": (
        "É um palpite pelo clique mais recente: conta em relatórios, não vai à Meta.",
        "It is a guess by the most recent click: it counts in reports and does not go to Meta.",
    ),
    "remedy.unknown": (
        "rastro doctor payment ID diz o que se sabe de uma venda.",
        "rastro doctor payment ID tells what is known of a sale.",
    ),
    # worth a look
    "attention.unlinked": (
        "{share} da receita ({cents}) não tem ligação certa. Motivo que mais pesa: {reason}. {remedy}",
        "{share} of the revenue ({cents}) has no certain link. The reason that weighs most: {reason}. {remedy}",
    ),
    "attention.parked": (
        "Vendas estacionadas porque a Meta recusa o pixel: {count}. rastro events failed diz o código e o conserto.",
        "Sales parked because Meta refuses the pixel: {count}. rastro events failed tells the code and the remedy.",
    ),
    "attention.rejected": (
        "Vendas recusadas pela Meta: {count}. rastro events failed diz por quê.",
        "Sales rejected by Meta: {count}. rastro events failed tells why.",
    ),
    "attention.expired": (
        "Vendas que venceram antes de a Meta as receber: {count}.",
        "Sales that expired before Meta received them: {count}.",
    ),
    "attention.starts": (
        "De {clicks} cliques, {starts} pessoas abriram o bot ({share}). No modo page, o botão e o código para copiar ajudam.",
        "Of {clicks} clicks, {starts} people opened the bot ({share}). In page mode, the button and the code to copy help.",
    ),
    "attention.refunded": (
        "{share} da receita foi devolvida ({cents}).",
        "{share} of the revenue was given back ({cents}).",
    ),
    "attention.nothing": (
        "Nada fora do comum: as vendas têm ligação e chegaram à Meta.",
        "Nothing out of the ordinary: the sales are linked and reached Meta.",
    ),
    # the page
    "page.table": ("Ver em tabela", "See as a table"),
    "page.scroll": ("{name}: role para o lado", "{name}: scroll sideways"),
    "page.step": ("{share} do passo anterior", "{share} of the step before"),
    "page.revenue": (
        "Colunas por dia, empilhadas por campanha. Maior dia: {day}, {cents}.",
        "Columns by day, stacked by campaign. Largest day: {day}, {cents}.",
    ),
    "page.foot": (
        "Cada venda conta no dia em que a cobrança foi pedida. Receita é o que foi pago, antes de devoluções.",
        "Each sale counts on the day on which its charge was asked for. Revenue is what was paid, before refunds.",
    ),
    "page.whole": (
        "Esta página não busca nada de fora: pode ser guardada ou enviada como está.",
        "This page loads nothing from outside: it may be kept or sent as it is.",
    ),
    # durations
    "duration.seconds": ("{value} s", "{value} s"),
    "duration.minutes": ("{minutes} min {seconds} s", "{minutes} min {seconds} s"),
    "duration.hours": ("{hours} h {minutes} min", "{hours} h {minutes} min"),
}
"""By name: Portuguese, English."""
