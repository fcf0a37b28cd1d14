"""The menus of the simulated router and their properties (reference C; recordings named in G)."""

from collections.abc import Mapping

from benfex.simulation.routeros.schema import Field, Kind, Menu

IDENTITY = "/system/identity"
RESOURCE = "/system/resource"
ROUTERBOARD = "/system/routerboard"
INTERFACE = "/interface"
PPPOE_SERVER = "/interface/pppoe-server"
SECRET = "/ppp/secret"  # noqa: S105 (a menu, not a password)
PROFILE = "/ppp/profile"
PPP_ACTIVE = "/ppp/active"
QUEUE = "/queue/simple"
HOTSPOT_USER = "/ip/hotspot/user"
HOTSPOT_ACTIVE = "/ip/hotspot/active"
HOTSPOT_PROFILE = "/ip/hotspot/user/profile"
LEASE = "/ip/dhcp-server/lease"
ADDRESS_LIST = "/ip/firewall/address-list"
FILTER = "/ip/firewall/filter"
NAT = "/ip/firewall/nat"
GARDEN = "/ip/hotspot/walled-garden"
GARDEN_IP = "/ip/hotspot/walled-garden/ip"
POOL = "/ip/pool"
ADDRESS = "/ip/address"
HEALTH = "/system/health"
NEIGHBOUR = "/ip/neighbor"
LOG = "/log"

NTP = "/system/ntp/client"
DNS = "/ip/dns"
NOTE = "/system/note"
SERVICE = "/ip/service"
RADIUS_INCOMING = "/radius/incoming"

SUSPENDED = "benfex-suspended"
DISABLED = Field("disabled", Kind.FLAG, default="false")
COMMENT = Field("comment")

# Properties that print as true and false, in any menu: for these a query may say yes and no.
FLAGS = frozenset(
    (
        "disabled",
        "dynamic",
        "running",
        "radius",
        "invalid",
        "blocked",
        "default",
        "routerboard",
        "block-access",
        "enabled",
        "accept",
    )
)


def _menu(
    path: str,
    *fields: Field,
    key: tuple[str, ...] = (),
    duplicate: str = "already have such entry",
    fixed: frozenset[str] = frozenset(),
    can_add: bool = True,
    single: bool = False,
    read_only: Mapping[str, str] | None = None,
) -> Menu:
    by_name = {field.name: field for field in fields}
    return Menu(path, by_name, key, duplicate, fixed, can_add, single, read_only)


def _number(name: str, default: str | None = "0") -> Field:
    return Field(name, Kind.NUMBER, default=default)


def _duration(name: str, default: str | None = None) -> Field:
    return Field(name, Kind.DURATION, default=default)


def _choice(name: str, *choices: str) -> Field:
    """Return a property with fixed choices, the first being the default."""
    return Field(name, Kind.CHOICE, default=choices[0], choices=choices)


def _reference(name: str, menu: str, *, default: str | None = None, also: tuple[str, ...] = ()) -> Field:
    return Field(name, Kind.REFERENCE, default=default, menu=menu, choices=also)


_SECRET = _menu(
    SECRET,
    Field("name", required=True),
    _choice("service", "any", "async", "l2tp", "ovpn", "pppoe", "pptp", "sstp"),
    Field("caller-id", default=""),
    Field("password", default=""),
    _reference("profile", PROFILE, default="default"),
    Field("local-address", Kind.ADDRESS_OR_POOL),
    Field("remote-address", Kind.ADDRESS_OR_POOL),
    Field("remote-ipv6-prefix"),
    Field("routes", default=""),
    Field("ipv6-routes", default=""),
    _number("limit-bytes-in"),
    _number("limit-bytes-out"),
    COMMENT,
    DISABLED,
    key=("name", "service"),
    duplicate="already have user with this name for this service",
    read_only={"last-logged-out": "1970-01-01 00:00:00"},
)

_PROFILE = _menu(
    PROFILE,
    Field("name", required=True),
    Field("local-address", Kind.ADDRESS_OR_POOL),
    Field("remote-address", Kind.ADDRESS_OR_POOL),
    Field("rate-limit", Kind.RATE_LIMIT),
    Field("address-list", default=""),
    _choice("only-one", "default", "yes", "no"),
    _duration("session-timeout"),
    _duration("idle-timeout"),
    Field("dns-server"),
    Field("parent-queue"),
    Field("insert-queue-before"),
    Field("queue-type"),
    _choice("use-compression", "default", "yes", "no"),
    _choice("use-encryption", "default", "yes", "no", "required"),
    _choice("change-tcp-mss", "default", "yes", "no"),
    Field("on-up", default=""),
    Field("on-down", default=""),
    COMMENT,
    key=("name",),
    duplicate="already have profile with such name",
    fixed=frozenset({"default", "default-encryption"}),
    read_only={"default": "false"},
)

_QUEUE = _menu(
    QUEUE,
    Field("name", required=True),
    Field("target", Kind.TARGET, required=True),
    Field("parent", default="none"),
    Field("packet-marks", default=""),
    Field("priority", default="8/8"),
    Field("queue", default="default-small/default-small"),
    Field("limit-at", Kind.RATE_PAIR, default="0/0"),
    Field("max-limit", Kind.RATE_PAIR, default="0/0"),
    Field("burst-limit", Kind.RATE_PAIR, default="0/0"),
    Field("burst-threshold", Kind.RATE_PAIR, default="0/0"),
    Field("burst-time", default="0s/0s"),
    Field("bucket-size", default="0.1/0.1"),
    COMMENT,
    DISABLED,
    key=("name",),
    duplicate="already have such name",
    read_only={"invalid": "false", "dynamic": "false", "bytes": "0/0", "packets": "0/0", "rate": "0/0"},
)

_HOTSPOT_USER = _menu(
    HOTSPOT_USER,
    _reference("server", "", default="all", also=("all", "hotspot1")),
    Field("name", required=True),
    Field("password", default=""),
    _reference("profile", HOTSPOT_PROFILE, default="default"),
    Field("address", Kind.ADDRESS),
    Field("mac-address", Kind.MAC),
    Field("email"),
    _duration("limit-uptime"),
    _number("limit-bytes-in", None),
    _number("limit-bytes-out", None),
    _number("limit-bytes-total", None),
    COMMENT,
    DISABLED,
    key=("name", "server"),
    duplicate="already have user with this name for this server",
    read_only={"dynamic": "false", "uptime": "0s", "bytes-in": "0", "bytes-out": "0"},
)

_HOTSPOT_PROFILE = _menu(
    HOTSPOT_PROFILE,
    Field("name", required=True),
    _reference("address-pool", POOL, default="none", also=("none",)),
    Field("rate-limit", Kind.RATE_LIMIT),
    _number("shared-users", "1"),
    _duration("session-timeout"),
    _duration("idle-timeout", "none"),
    _duration("keepalive-timeout", "2m"),
    Field("add-mac-cookie", Kind.FLAG, default="true"),
    Field("address-list", default=""),
    COMMENT,
    key=("name",),
    duplicate="already have profile with such name",
    fixed=frozenset({"default"}),
    read_only={"default": "false"},
)

_LEASE = _menu(
    LEASE,
    Field("address", Kind.ADDRESS, required=True),
    Field("mac-address", Kind.MAC),
    Field("client-id"),
    Field("server", default="all"),
    Field("address-lists", default=""),
    Field("rate-limit", Kind.RATE_LIMIT),
    Field("block-access", Kind.FLAG),
    _duration("lease-time"),
    COMMENT,
    DISABLED,
    key=("address", "server"),
    duplicate="already have static lease with this IP address",
    read_only={"status": "bound", "dynamic": "false", "blocked": "false", "radius": "false"},
)

_ADDRESS_LIST = _menu(
    ADDRESS_LIST,
    Field("list", required=True),
    Field("address", Kind.LISTED, required=True),
    _duration("timeout"),
    COMMENT,
    DISABLED,
    key=("list", "address"),
    read_only={"dynamic": "false"},
)

_MATCHERS = (
    Field("src-address", Kind.TARGET),
    Field("dst-address", Kind.TARGET),
    Field("src-address-list"),
    Field("dst-address-list"),
    Field("protocol"),
    Field("src-port"),
    Field("dst-port"),
    Field("connection-state"),
    Field("in-interface"),
    Field("out-interface"),
)
_FILTER = _menu(
    FILTER,
    Field("chain", required=True),
    _choice(
        "action", "accept", "drop", "reject", "fasttrack-connection", "jump", "log", "passthrough", "return"
    ),
    *_MATCHERS,
    Field("reject-with"),
    COMMENT,
    DISABLED,
    read_only={"invalid": "false", "dynamic": "false", "bytes": "0", "packets": "0"},
)
_NAT = _menu(
    NAT,
    Field("chain", required=True),
    _choice("action", "accept", "dst-nat", "redirect", "masquerade", "src-nat", "netmap", "passthrough"),
    *_MATCHERS,
    Field("to-addresses", Kind.ADDRESS),
    Field("to-ports"),
    COMMENT,
    DISABLED,
    read_only={"invalid": "false", "dynamic": "false", "bytes": "0", "packets": "0"},
)
_GARDEN = _menu(
    GARDEN,
    Field("dst-host"),
    Field("path"),
    _choice("action", "allow", "deny"),
    COMMENT,
    DISABLED,
    read_only={"dynamic": "false", "hits": "0"},
)
_GARDEN_IP = _menu(
    GARDEN_IP,
    Field("dst-address", Kind.TARGET_ADDRESS),
    _choice("action", "accept", "reject", "drop"),
    Field("protocol"),
    Field("dst-port"),
    COMMENT,
    DISABLED,
    read_only={"dynamic": "false", "invalid": "false"},
)

_POOL = _menu(
    POOL,
    Field("name", required=True),
    Field("ranges", Kind.RANGES, required=True),
    _reference("next-pool", POOL, also=("none",)),
    COMMENT,
    key=("name",),
    duplicate="already have pool with such name",
)

_ADDRESS = _menu(
    ADDRESS,
    Field("address", Kind.INTERFACE_ADDRESS, required=True),
    Field("network", Kind.ADDRESS),
    _reference("interface", INTERFACE),
    COMMENT,
    DISABLED,
    key=("address", "interface"),
    duplicate="already have such address",
    read_only={"invalid": "false", "dynamic": "false"},
)

_INTERFACE = _menu(
    INTERFACE,
    Field("name", required=True),
    _number("mtu", "1500"),
    COMMENT,
    DISABLED,
    key=("name",),
    can_add=False,
)

_IDENTITY = _menu(IDENTITY, Field("name", default="MikroTik"), can_add=False, single=True)

_NTP = _menu(
    NTP,
    Field("enabled", Kind.FLAG, default="false"),
    Field("servers", default=""),
    can_add=False,
    single=True,
)
_NTP_OF_6 = _menu(
    NTP,
    Field("enabled", Kind.FLAG, default="false"),
    Field("primary-ntp", Kind.ADDRESS, default="0.0.0.0"),  # noqa: S104 (RouterOS 6 for "none")
    Field("secondary-ntp", Kind.ADDRESS, default="0.0.0.0"),  # noqa: S104
    can_add=False,
    single=True,
)
_DNS = _menu(
    DNS,
    Field("servers", default=""),
    Field("allow-remote-requests", Kind.FLAG, default="false"),
    can_add=False,
    single=True,
)
_NOTE = _menu(
    NOTE,
    Field("note", default=""),
    Field("show-at-login", Kind.FLAG, default="true"),
    can_add=False,
    single=True,
)
_SERVICES = _menu(SERVICE, Field("name"), _number("port"), DISABLED, key=("name",), can_add=False)
_RADIUS_INCOMING = _menu(
    RADIUS_INCOMING,
    Field("accept", Kind.FLAG, default="false"),
    _number("port", "3799"),
    can_add=False,
    single=True,
)

# Menus whose rows are configured and kept on disk, in the order in which they refer to each other.
CONFIGURED: Mapping[str, Menu] = {
    menu.path: menu
    for menu in (
        _IDENTITY,
        _INTERFACE,
        _POOL,
        _ADDRESS,
        _PROFILE,
        _SECRET,
        _QUEUE,
        _HOTSPOT_PROFILE,
        _HOTSPOT_USER,
        _LEASE,
        _ADDRESS_LIST,
        _FILTER,
        _NAT,
        _GARDEN,
        _GARDEN_IP,
        _NTP,
        _DNS,
        _NOTE,
        _SERVICES,
        _RADIUS_INCOMING,
    )
}


def configured(version: str) -> Mapping[str, Menu]:
    """Return the configured menus as a version of RouterOS has them."""
    return {**CONFIGURED, NTP: _NTP_OF_6} if version.startswith("6.") else CONFIGURED


# Menus that only show what happens; the first two can be told to end a session.
OBSERVED = (
    PPP_ACTIVE,
    HOTSPOT_ACTIVE,
    PPPOE_SERVER,
    RESOURCE,
    ROUTERBOARD,
    HEALTH,
    NEIGHBOUR,
    LOG,
)
