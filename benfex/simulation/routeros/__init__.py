"""A MikroTik router that is not there: RouterOS 7 over its binary API, with homes behind it that live.

What it is: one `SimulatedRouter` (server.py) is one router on one loopback port; many run in one process.
It shares no code with Benfex's own clients, so an error made there cannot hide here.

Who does what, from the wire upwards:

    wire.py        words and sentences as bytes            connection.py  one connection: login, tags, faults
    traps.py       refusals, worded as RouterOS does       commands.py    print, add, set, remove … on a menu
    queries.py     the `?` words and their stack           device.py      the state of one router
    formats.py     durations, rates, pools of addresses    tables.py      configured rows: ids, references
    schema.py      what a property accepts                 menus.py       which menus and properties there are
    traffic.py     how much a home uses, and when          homes.py       who dials, who is online, counters
    views.py       rows nobody configured                  storage.py     the configuration on disk
    tools.py       ping, traceroute, neighbours, sensors   export.py      the configuration as text, and files
    faults.py      what can go wrong                       server.py      `RouterOptions`, `SimulatedRouter`

Living traffic costs nothing while nobody looks: there is no task per home. Dials and hang-ups wait in a heap
and happen, at their own instants, when the next command or call arrives; counters are added up on reading.

What it keeps faithfully, because clients trip over it: `/ppp/active` has no byte counters (they are on the
dynamic `<pppoe-NAME>` interface, rx being the subscriber's upload); a changed secret or profile leaves the
running session alone; a disabled or removed secret does so too; `.id`s of dynamic rows start again at each
boot; a reference to a deleted profile reads as its raw id; `!empty` comes before `!done` from 7.18 on.

What it leaves out: TLS, `listen`, scripts, RADIUS, the firewall beyond address lists, DHCP beyond static
leases and a few that are always there, limits on hotspot users. Fact sheet: reference/routeros.md, sections A, C and G.
"""
