"""The people, plans and places of the demo ISP. All invented."""

from typing import NamedTuple

ISP_NAME = "Savanna Fibre"
SUPPORT_PHONE = "+254 700 000 100"

FIRST_NAMES = (
    "Amina", "Brian", "Grace", "Otieno", "Wanjirũ", "Kamau", "Achieng", "Mwangi", "Njeri", "Kiptoo",
    "Fatuma", "Peter", "Mercy", "Hassan", "Chebet", "Daniel", "Nyambura", "Joseph", "Akinyi", "Samuel",
    "Zawadi", "Kevin", "Esther", "Barasa", "Lilian", "Mutua", "Naliaka", "Simon", "Tabitha", "Yusuf",
)  # fmt: skip
LAST_NAMES = (
    "Wanjiru", "Otieno", "Kariuki", "Mutiso", "Cherono", "Abdi", "Ochieng", "Kimani", "Wafula", "Njoroge",
    "Rotich", "Omondi", "Gathoni", "Maina", "Kosgei", "Nyong'o", "Muthoni", "Were", "Langat", "Karanja",
)  # fmt: skip
BUSINESSES = (
    "Kamau Traders Ltd", "Lakeview Academy", "Mtaa Cyber Café", "Rift Valley Dairy", "Nakuru Dental Clinic",
    "Blue Heron Lodge", "Gilgil Hardware & Sons", "Sunrise Bakery", "Menengai Press", "Elmenteita Farm",
)  # fmt: skip
STREETS = (
    "Kenyatta Avenue", "Moi Road", "Oginga Odinga Road", "Lake View Estate", "Section 58",
    "Milimani", "London Estate", "Naka", "Kiamunyi", "Free Area",
)  # fmt: skip


class PlanSeed(NamedTuple):
    """A plan of the demo: speeds in Mbps, cap in GB (0 for none), price in whole shillings."""

    code: str
    name: str
    download_mbps: int
    upload_mbps: int
    cap_gb: int
    price: int
    share: int
    method: str = "pppoe"
    bonus_until_hour: int = 0  # from midnight, 0 for no bonus hours
    rolls_over: bool = False


PLANS = (
    PlanSeed("HOME-10", "Home 10", 10, 5, 200, 1_500, 40),
    PlanSeed("HOME-20", "Home 20", 20, 10, 400, 2_500, 35),
    PlanSeed("FIBRE-50", "Fibre 50", 50, 25, 0, 3_999, 15),
    PlanSeed("BUSINESS-100", "Business 100", 100, 50, 0, 9_500, 10),
    PlanSeed("NIGHTS-20", "Home 20, free nights", 20, 10, 150, 1_900, 0, bonus_until_hour=6, rolls_over=True),
    PlanSeed("OFFICE-50", "Office 50, fixed address", 50, 50, 0, 7_500, 0, "static"),
)


DATA_PACKS = ((10, 150), (50, 600), (100, 1_000))  # gigabytes and whole shillings


class PrepaidSeed(NamedTuple):
    """A prepaid plan of the demo: speeds in Mbps, price in whole shillings for one interval."""

    code: str
    name: str
    download_mbps: int
    upload_mbps: int
    price: int
    interval: str


PREPAID_PLANS = (
    PrepaidSeed("DAY-5", "Day pass 5", 5, 2, 60, "day"),
    PrepaidSeed("WEEK-10", "Week pass 10", 10, 5, 350, "week"),
)
PREPAID_PEOPLE = (
    "Zawadi Kipchoge", "Musa Barasa", "Halima Noor", "Dennis Ouma",
    "Salome Wairimu", "Ibrahim Juma", "Winnie Atieno", "Felix Mwenda",
)  # fmt: skip


class RouterSeed(NamedTuple):
    """A router of the demo, the share of the customers behind it, and in microdegrees where it stands.

    Its customers live within `reach` microdegrees or so.
    """

    name: str
    place: str
    share: int
    latitude: int
    longitude: int
    reach: int


ROUTERS = (
    RouterSeed("nakuru-core", "Nakuru", 50, -281_400, 36_069_800, 16_000),
    RouterSeed("naivasha-pop", "Naivasha", 30, -714_100, 36_436_200, 11_000),
    RouterSeed("gilgil-tower", "Gilgil", 20, -497_300, 36_319_500, 9_000),
)


class EntrySeed(NamedTuple):
    """An entry that was on a router of the demo before Benfex was."""

    router: str
    name: str
    profile: str
    rate_limit: str
    comment: str


ENTRIES_OF_BEFORE = (
    EntrySeed("gilgil-tower", "wambui.h4", "10M", "5M/10M", "Wambui Kamande 0711 220 330"),
    EntrySeed("gilgil-tower", "stage-kiosk", "20M", "10M/20M", "Kiosk at the stage, Ali Noor 0720 555 101"),
    EntrySeed("gilgil-tower", "church", "20M", "10M/20M", "PCEA church office"),
    EntrySeed("gilgil-tower", "camera-gate", "2M", "2M/2M", "gate camera"),
)


class AccountSeed(NamedTuple):
    """Someone who can sign in to the demo."""

    role: str
    name: str
    email: str
    password: str


STAFF = (
    AccountSeed("owner", "Brian Kiptoo", "owner@savanna.example", "demo-owner"),
    AccountSeed("admin", "Esther Muthoni", "admin@savanna.example", "demo-admin"),
    AccountSeed("accountant", "Hassan Abdi", "accountant@savanna.example", "demo-accountant"),
    AccountSeed("support", "Mercy Achieng", "support@savanna.example", "demo-support"),
)
SUBSCRIBER_PASSWORD = "demo-subscriber"  # noqa: S105 - shown on the demo's sign-in page
