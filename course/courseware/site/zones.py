"""The cities by which readers find their time zone: `zones.json`."""

from __future__ import annotations

import json
from importlib.resources import files


def zones_json() -> bytes:
    """A JSON object: "City, Country" -> IANA zone name, from the pinned tzdata, sorted by city.

    Source: zone.tab and iso3166.tab of the tz database (https://data.iana.org/time-zones/).
    """
    countries = dict(_rows("iso3166.tab"))
    named = {"UTC": "UTC"}
    for code, _, zone, *_ in _rows("zone.tab"):
        city = zone.rpartition("/")[2].replace("_", " ")
        label = f"{city}, {countries[code]}"
        if label in named:  # such as Kentucky's and Indiana's own
            label = f"{city} ({zone}), {countries[code]}"
        named[label] = zone
    return json.dumps(dict(sorted(named.items())), ensure_ascii=False, indent=0).encode()


def _rows(name: str) -> list[list[str]]:
    text = (files("tzdata") / "zoneinfo" / name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
