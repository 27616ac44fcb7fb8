"""`copilot-api debug --repairs`: what is known of Copilot's faults, and how often the running server met each."""

from typing import Any

from copilot_api import console
from copilot_api.settings import Settings

HEAD = ("repair", "of", "endpoint", "fired", "what it does")
WITHIN_S = 2.0


async def show(loaded: Settings, *, as_json: bool) -> None:
    """Prints the table, with the counts of the server that runs with these settings."""
    from copilot_api.server.listening import reachable
    from copilot_api.translate.repairs import ROWS

    url = f"http://{reachable(loaded.host)}:{loaded.port}"  # the server tells its repairs to this machine only
    counted = await _counted(url, loaded)
    told = counted or {"repairs": [row.facts | {"fired": None} for row in ROWS], "learned": []}
    if counted is None:
        console.warn(f"no copilot-api answers at {url}, so nothing is counted", hint="start it, or pass its --port")
    if as_json:
        console.data_json({"server": url if counted else ""} | told)
        return
    console.table(HEAD, [_cells(row) for row in told["repairs"]])
    for lesson in told["learned"]:
        console.data(f"learned: {lesson['model']} at {lesson['endpoint']} refuses {lesson['field']}")


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    fired = "" if row["fired"] is None else str(row["fired"])
    return row["name"], row["side"], row["endpoint"] or "any", fired, row["does"]


async def _counted(url: str, loaded: Settings) -> dict[str, Any] | None:
    """What the server tells of its repairs; None where there is no server, or not one of ours."""
    import aiohttp

    from copilot_api.dialects.codec import loads

    headers = {"x-api-key": loaded.api_keys[0]} if loaded.api_keys else {}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WITHIN_S)) as http,
            http.get(f"{url}/repairs", headers=headers, allow_redirects=False) as response,
        ):
            told = loads(await response.read()) if response.status == 200 else None
    except (aiohttp.ClientError, OSError, ValueError, TimeoutError):
        return None
    return told if isinstance(told, dict) and told.keys() == {"repairs", "learned"} else None
