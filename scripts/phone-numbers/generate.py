#!/usr/bin/env python3
"""Writes what Ringdown knows of the world's phone numbers, from libphonenumber's Python port.

    pip install phonenumbers
    scripts/phone-numbers/generate.py            # writes the files below
    scripts/phone-numbers/generate.py --check    # says whether they are what it would write

shared/domain/src/phone_input/rules.txt     how each region's numbers are written, for reading them
shared/domain/src/phone_input/examples.txt  libphonenumber's example numbers as people write them, and what each is read as: a
                                         test holds our reading against it, without Python
shared/domain/src/special_ranges.txt     each region's ranges that cost whoever calls them more than a call does
"""

import pathlib
import sys

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberFormat, phonemetadata

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
GLOBAL = sorted(phonemetadata.PhoneMetadata._country_code_available.keys())
KINDS = ["fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager", "uan"]
SPECIAL = ["premium_rate", "shared_cost", "personal_number", "pager"]

# What the types of libphonenumber leave out, as they list what is assigned today only. Each with its source.
ADDED = {
    # NANPA: 700 (carrier services) and 900 are not geographic; 976 is the premium exchange of any area. nanpa.com, "Non-geographic".
    "US": ["700\\d{7}", "900\\d{7}", "976\\d{7}", "[2-9]\\d\\d976\\d{4}"],
    # Ofcom, National Telephone Numbering Plan: 09 premium, 070 personal, 076 pagers, 084 and 087 service numbers.
    "GB": ["9\\d{6,9}", "70\\d{8}", "76\\d{8}", "8[47]\\d{5,8}"],
}


# What is dialled before national numbers where libphonenumber has forgotten it, and people and address books have not.
FORMER_PREFIXES = {
    # Mexico, until 3 August 2019 (Instituto Federal de Telecomunicaciones): 01, 044, 045, and a 1 behind +52 for mobile numbers.
    "MX": "0(?:[12]|4[45])|1",
}


def metadata(region):
    return PhoneMetadata.metadata_for_region(region)


def rules():
    """A line for each region: the main one of a calling code comes first among those that share it."""
    found = [metadata(region) for region in REGIONS]
    found += [PhoneMetadata.metadata_for_nongeo_region(code) for code in GLOBAL]
    found.sort(key=lambda one: (one.country_code, not one.main_country_for_code, one.id))
    for one in found:
        general = one.general_desc
        transform = (one.national_prefix_transform_rule or "").replace("\\", "$")
        lengths = ",".join(str(length) for length in general.possible_length)
        local = ",".join(str(length) for length in general.possible_length_local_only)
        prefix = one.national_prefix_for_parsing or FORMER_PREFIXES.get(one.id, "")
        fields = [one.id, str(one.country_code), one.international_prefix or "", prefix]
        yield "\t".join(fields + [transform, general.national_number_pattern, lengths, local])


def special():
    """A line for each region that has such ranges: one expression over the national numbers."""
    for region in REGIONS:
        one = metadata(region)
        patterns = [getattr(one, kind) for kind in SPECIAL]
        texts = [kind.national_number_pattern for kind in patterns if kind and kind.national_number_pattern]
        if one.country_code == 1:
            texts = ADDED["US"] + texts
        else:
            texts = ADDED.get(region, []) + texts
        texts = list(dict.fromkeys(texts))
        if texts:
            yield "\t".join([region, str(one.country_code), "|".join(texts)])


def e164(number):
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def written(region, number):
    """A number as people write it, with the region that it is read in."""
    one = metadata(region)
    national = phonenumbers.national_significant_number(number)
    local = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    bare = f"{number.country_code}{national}"
    yield from [(region, national), (region, local), (region, "".join(c for c in local if c.isdigit()))]
    yield region, local.replace(" ", ".").replace("-", "/")
    yield from [(region, f"{one.national_prefix or ''}{national}"), (region, bare)]
    yield from [(region, e164(number)), (region, international), (region, international.replace(" ", "\u00a0", 1))]
    yield region, phonenumbers.format_number(number, PhoneNumberFormat.RFC3966)
    yield region, f"tel:{national};phone-context=+{number.country_code}"
    if one.national_prefix:
        yield region, f"+{number.country_code} ({one.national_prefix}) {national}"
    prefix = (one.preferred_international_prefix or one.international_prefix or "").replace("~", "")
    if prefix.isdigit():
        yield region, f"{prefix} {bare}"


def examples():
    for region in REGIONS:
        seen = {}
        for kind in KINDS:
            example = getattr(getattr(metadata(region), kind, None), "example_number", None)
            if not example:
                continue
            number = phonenumbers.parse(f"+{metadata(region).country_code}{example}", region)
            abroad = [("US", f"011-{e164(number)[1:]}"), ("DE", f"00 {e164(number)[1:]}")] if kind == "mobile" else []
            for read_in, text in [*written(region, number), *abroad]:
                try:
                    seen[(read_in, text)] = e164(phonenumbers.parse(text, read_in))
                except phonenumbers.NumberParseException:
                    continue
        groups = {}
        for (read_in, text), expected in seen.items():
            groups.setdefault((read_in, expected), []).append(text)
        for (read_in, expected), texts in groups.items():
            yield "\t".join([read_in, expected, *texts])


def files():
    source = f"# libphonenumber {phonenumbers.__version__}; written by scripts/phone-numbers/generate.py"
    for path, lines in [
        ("shared/domain/src/phone_input/rules.txt", rules()),
        ("shared/domain/src/phone_input/examples.txt", examples()),
        ("shared/domain/src/special_ranges.txt", special()),
    ]:
        yield ROOT / path, "\n".join([source, *lines]) + "\n"


def main():
    stale = []
    for path, text in files():
        if "--check" not in sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
        elif path.read_text(encoding="utf-8") != text:
            stale.append(str(path.relative_to(ROOT)))
    if stale:
        sys.exit(f"not what libphonenumber {phonenumbers.__version__} says: {', '.join(stale)}")


if __name__ == "__main__":
    main()
