"""Connections to CRMs: `hub crm pull hubspot|salesforce`, `hub crm names SOURCE FILE`. Both may run while the server
runs, and again at any time.
"""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hub.commands.terminal import AsJson, explained, opened, progress, say_json, tell

if TYPE_CHECKING:
    from hub.deals.sources.pulling import Crm
    from hub.settings import Settings

app = typer.Typer(no_args_is_help=True, help="CRMs: pull deals, name their stages and owners.")


@app.command()
@explained
def pull(
    source: Annotated[Literal["hubspot", "salesforce"], typer.Argument(help="The CRM, set up by HUB_… settings.")],
    from_start: Annotated[
        bool, typer.Option("--from-start", help="All deals again, instead of what changed since the last pull.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Pull what changed in a CRM: stages, owners, deals with history and contacts. Goes on where it was cut off."""
    from hub.deals.sources import pulling

    with opened() as hub, progress(quiet=as_json) as bar, closing(_crm(source, hub.settings)) as crm:
        task = bar.add_task(f"pulling {source}", total=None)
        pulled = pulling.pull(
            hub.database,
            crm,
            from_start=from_start,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    if as_json:
        answer = {"source": source, "deals": pulled.deals, "kept": pulled.kept, "made_anew": pulled.made_anew}
        say_json(answer)
    else:
        tell(f"{pulled.deals:,} deals pulled from {source}.")
        if pulled.kept:
            tell(f"{pulled.kept:,} of them cannot be taken as they are; GET /webhooks/failures says why.")
    if pulled.kept:
        raise typer.Exit(1)


@app.command()
@explained
def names(
    source: Annotated[Literal["hubspot", "salesforce", "pipedrive"], typer.Argument(help="The CRM.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A TOML file with its stages and owners.")],
    as_json: AsJson = False,
) -> None:
    """Say what the ids of a CRM's stages and owners stand for; deals that waited for them are made."""
    from hub.deals import changes
    from hub.deals.sources import names as crm_names
    from hub.deals.sources import taking
    from hub.errors import Invalid

    try:
        text = file.read_bytes()[:2_000_000].decode()
    except UnicodeDecodeError:
        raise Invalid("The file is not UTF-8; save it with the encoding UTF-8.") from None
    known = crm_names.read_file(source, text)
    with opened() as hub:
        with hub.database.transaction() as session:
            changes.wait_for_others(session)
            new, changed = crm_names.learn(session, known)
        made_anew = taking.make_anew(hub.database, source, all_of_them=changed > 0)
    if as_json:
        say_json({"source": source, "new": new, "changed": changed, "made_anew": made_anew})
    else:
        tell(f"{new} new names, {changed} changed; {made_anew} deals made anew.")


def _crm(source: str, settings: "Settings") -> "Crm":
    from hub.deals.sources.pull_hubspot import HubSpot
    from hub.deals.sources.pull_salesforce import Salesforce

    return HubSpot.of(settings) if source == "hubspot" else Salesforce.of(settings)
