"""Which hosts belong to this account, and which of them may ever see its tokens."""

import ipaddress
import re
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import SplitResult, urlsplit

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import obj
from copilot_api.errors import SettingsBroken, UpstreamProblem
from copilot_api.settings import Settings

PUBLIC = "github.com"
TENANTS = "ghe.com"
COPILOT = "githubcopilot.com"

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """Base URLs without trailing slash. `name` is the account's home (github.com, company.ghe.com) and names its entry in the
    vault. `copilot` is the data plane to assume until GitHub names another; pinned, nothing GitHub names replaces it.
    """

    name: str
    login: str
    api: str
    copilot: str
    copilot_pinned: bool = False
    suffixes: tuple[str, ...] = (COPILOT,)

    @classmethod
    def of(cls, settings: Settings) -> "Hosts":
        """The hosts that the settings describe. Raises SettingsBroken."""
        tenant = _tenant(settings)
        if tenant:
            home, api, copilot = tenant, f"https://api.{tenant}", f"https://copilot-api.{tenant}"
        else:
            home, api, copilot = PUBLIC, "https://api.github.com", f"https://{_plan_host(settings)}"
        login = _explicit(settings, "github_url") or f"https://{home}"
        pinned = _explicit(settings, "copilot_url")
        return cls(
            # A lab's sign-in must not overwrite the real one, so it has an entry of its own.
            name=urlsplit(login).netloc,
            login=login,
            api=_explicit(settings, "github_api_url") or api,
            copilot=pinned or copilot,
            copilot_pinned=bool(pinned),
            suffixes=(COPILOT, tenant) if tenant else (COPILOT,),
        )

    def data_plane(self, answer: Json) -> str:
        """The base URL that an answer of GitHub's names (`endpoints.api`), or the assumed one. Raises UpstreamProblem."""
        named = obj(answer.get("endpoints")).get("api")
        if self.copilot_pinned or not named:
            return self.copilot
        return self.check_copilot_url(str(named))

    def check_copilot_url(self, url: str) -> str:
        """`url` as a base that may receive our token: https, at or under an allowed domain, nothing but a host.

        It is data from the network (`endpoints.api`). Raises UpstreamProblem.
        """
        parts = _split(url)
        host = _plain_host(parts) if parts else ""
        if not any(_is_under(host, suffix) for suffix in self.suffixes):
            problem = UpstreamProblem(
                "GitHub named an address for Copilot that may not receive your token",
                hint="a proxy may be rewriting answers; if your company really uses that address, set copilot_url to it",
            )
            problem.should_retry = False
            raise problem
        # Built anew from a host of plain letters, so that no two parsers can read it differently.
        return f"https://{host}"

    def check_login_page(self, url: str) -> str:
        """`url` when it lies on the sign-in host, else that host's own device page: a browser is about to open it."""
        parts, login = _split(url), urlsplit(self.login)
        if parts and (parts.scheme, parts.netloc.lower()) == (login.scheme, login.netloc) and url.isprintable():
            return url
        return f"{self.login}/login/device"


def _is_under(host: str, domain: str) -> bool:
    return host == domain or host.endswith("." + domain)


def _plain_host(parts: SplitResult) -> str:
    """The host of an https URL that holds nothing else; empty for any other."""
    host = parts.netloc.lower().removesuffix(":443")
    is_bare = parts.scheme == "https" and parts.path in {"", "/"} and not parts.query and not parts.fragment
    return host if is_bare and _HOST.fullmatch(host) else ""


def _split(url: str) -> SplitResult | None:
    """The parts of `url`; None when it is no URL or could be read in two ways."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return None
    return parts


def _tenant(settings: Settings) -> str:
    """The GHE.com host of `enterprise_url`, or nothing for github.com."""
    text = settings.enterprise_url.strip().lower()
    if not text:
        return ""
    parts = _split(text if "://" in text else f"https://{text}")
    host = parts.netloc.removesuffix(".") if parts else ""
    if not parts or parts.scheme not in {"https", "http"} or parts.path.strip("/") or parts.query or parts.fragment:
        _refuse(settings, "enterprise_url", "must be a host such as company.ghe.com")
    if host == PUBLIC:
        return ""
    if not _HOST.fullmatch(host):
        _refuse(settings, "enterprise_url", "must be a host such as company.ghe.com")
    if not re.fullmatch(rf"{_LABEL}\.{re.escape(TENANTS)}", host):
        hint = "GitHub Enterprise Server does not serve Copilot: leave enterprise_url out to use your github.com account"
        if host.endswith("." + TENANTS):
            hint = f"did you mean {'.'.join(host.split('.')[-3:])}?"
        _refuse(settings, "enterprise_url", f"must be a company's host under {TENANTS}, not {host}", hint=hint)
    return host


def _plan_host(settings: Settings) -> str:
    plan = settings.account_type.strip().lower()
    if not re.fullmatch(_LABEL, plan):
        _refuse(settings, "account_type", "must be individual, business or enterprise")
    return f"api.{COPILOT}" if plan == "individual" else f"api.{plan}.{COPILOT}"


def _explicit(settings: Settings, name: str) -> str:
    """A base URL set by hand, normalised; nothing when it is not set."""
    url = str(getattr(settings, name)).strip()
    if not url:
        return ""
    parts = _split(url)
    if not parts or parts.scheme not in {"https", "http"} or not parts.hostname:
        _refuse(settings, name, "must be a URL such as https://example.com")
    if "@" in parts.netloc or parts.query or parts.fragment:
        _refuse(settings, name, "must be a plain base URL, without user, query or fragment")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        _refuse(settings, name, "must use https: plain http would send your token in the clear")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or a number, is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse(settings: Settings, name: str, what: str, *, hint: str = "") -> NoReturn:
    origin = settings.origins.get(name, "")
    raise SettingsBroken(f"{name} {what}" + (f" (set by {origin})" if origin else ""), hint=hint)
