"""Makes payloads for the messages of an OCPP version and says what Python's `jsonschema` thinks of each.

The schemas are those of the PyPI package `ocpp`. Standard output: one line with the folder of the schemas, then one
line for each payload: message, kind of the first failure (`-` for none), its JSON pointer, the payload. The fields are
separated by tabs, which the payloads do not contain.

Two thirds of the payloads are changed after they were made to fit; some changes do no harm, which is meant.
"""

import argparse
import copy
import json
import os
import random
import sys
from decimal import Decimal
from fractions import Fraction

try:
    import jsonschema
    import ocpp
except ImportError as error:
    sys.exit(f"{error}: run deploy/test.sh, which installs what the judge needs")

DRAFTS = {"4": jsonschema.Draft4Validator, "6": jsonschema.Draft6Validator}


# The judge


def is_number(_, value):
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def is_integer_of_draft_4(_, value):
    return isinstance(value, int) and not isinstance(value, bool)


def is_integer_of_draft_6(checker, value):
    return is_number(checker, value) and Fraction(value).denominator == 1


def multiple_of(validator, divisor, value, _):
    """In decimals; jsonschema itself would divide binary fractions, and 16.1 / 0.1 is no whole number there."""
    if validator.is_type(value, "number") and (Fraction(value) / Fraction(divisor)).denominator != 1:
        yield jsonschema.ValidationError("not a multiple")


class Judge:
    def __init__(self, schema, draft):
        base = DRAFTS[draft]
        for name in ("date-time", "uri"):
            if name not in base.FORMAT_CHECKER.checkers:
                sys.exit(f"jsonschema does not check {name} here: run deploy/test.sh, which installs what it needs")
        types = base.TYPE_CHECKER.redefine("number", is_number).redefine(
            "integer", is_integer_of_draft_4 if draft == "4" else is_integer_of_draft_6
        )
        validator = jsonschema.validators.extend(base, {"multipleOf": multiple_of}, type_checker=types)
        self.validator = validator(schema, format_checker=base.FORMAT_CHECKER)

    def verdict(self, text):
        """The first failure in the order of the text: kind and JSON pointer."""
        value = json.loads(text, parse_float=Decimal)
        failures = [failure(error, value) for error in self.validator.iter_errors(value)]
        if not failures:
            return "-", ""
        return min(failures)[1:]


def failure(error, value):
    """Where it counts in the order of the text, its kind, its pointer.

    A type counts where the value begins, an unknown field where its name is, all else at the value's end, and there
    missing fields come first.
    """
    place, names = [], []
    for step in error.absolute_path:
        place.append((1, list(value).index(step) if isinstance(value, dict) else step))
        names.append(str(step))
        value = value[step]
    if error.validator == "type":
        place.append((0, 0))
        kind = "wrongType"
    elif error.validator == "additionalProperties":
        unknown = next(name for name in value if name not in error.schema.get("properties", {}))
        place.append((1, list(value).index(unknown)))
        names.append(unknown)
        kind = "unknownField"
    elif error.validator == "required":
        place.append((2, 0))
        names.append(next(name for name in error.validator_value if name not in value))
        kind = "missingField"
    else:
        place.append((2, 1))
        kind = "constraint"
    pointer = "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)
    return place, kind, pointer


# Payloads


class Literal(str):
    """A number as it is to be written."""


ALPHABETS = ["abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", " -_.:/", 'é߀"\\\n\t', "漢字", "😀𝄞"]
GOOD_TIMES = ["{date}T{time}Z", "{date}T{time}.{part}Z", "{date}t{time}z", "{date}T{time}+02:00", "{date}T{time}.5-11:30"]
BAD_TIMES = [
    "", "{date}", "{date} {time}Z", "{date}T{time}", "{date}T{time}+0200", "{date}T{time}.Z", "{date}T24:00:00Z",
    "2023-02-29T{time}Z", "2023-13-01T{time}Z", "{date}T{time}+24:00", "23-1-1T{time}Z", "{date}T{time}Zx",
    "2023-04-31T{time}Z", "{date}T12:60:00Z", "x{date}T{time}Z", "{date}T{time},5Z",
]
GOOD_URIS = [
    "ftp://user:secret@example.com/a/b.bin", "https://example.com", "http://[2001:db8::1]:8080/x?y=z#f", "urn:a:b",
    "http://[::ffff:192.0.2.1]/", "ftp://10.0.0.1:21/path%20x", "mailto:a@b.example", "a:", "x-y+z.1://h//p",
    "http://[v1.a:b]/", "http://h:/",
]
BAD_URIS = [
    "", "example.com/x", "/path", "http://a b/", "1http://x", "http://[::1/", "http://x/%zz", "http://é.example/",
    "http://h:8x/", "http://[1::2::3]/", "//h/p", "http://h/<x>", "http://u@v@h/", "a:#b#c", "http://[12345::]/",
]
STRANGERS = [None, True, False, [], {}, "", "x", Literal("1"), Literal("1.5"), ["x"], {"x": "y"}]


class Maker:
    def __init__(self, schema, dice):
        self.root, self.dice = schema, dice
        self.sites = []

    def resolved(self, schema):
        while "$ref" in schema:
            schema = self.root["definitions"][schema["$ref"].removeprefix("#/definitions/")]
        return schema

    def payload(self):
        """A payload that fits, in a list so that it can be exchanged as a whole."""
        holder = [None]
        holder[0] = self.value(self.root, depth=0)
        self.sites.append((holder, 0, self.root))
        return holder

    def value(self, schema, depth):
        schema = self.resolved(schema)
        kind = schema.get("type")
        if kind == "object":
            return self.object(schema, depth)
        if kind == "array":
            return self.array(schema, depth)
        if kind == "string":
            return self.string(schema)
        if kind == "boolean":
            return self.dice.random() < 0.5
        if kind in ("integer", "number"):
            return self.number(schema, kind)
        return self.dice.choice(STRANGERS)

    def object(self, schema, depth):
        made = {}
        required = schema.get("required", [])
        chance = 0.7 if depth < 2 else 0.4 if depth < 4 else 0.1
        names = [name for name in schema.get("properties", {}) if name in required or self.dice.random() < chance]
        if self.dice.random() < 0.3:
            self.dice.shuffle(names)
        for name in names:
            made[name] = self.value(schema["properties"][name], depth + 1)
            self.sites.append((made, name, self.resolved(schema["properties"][name])))
        if schema.get("additionalProperties") is not False and self.dice.random() < 0.3:
            made[self.dice.choice(["x", "löng/er~name", "vendor"])] = copy.deepcopy(self.dice.choice(STRANGERS))
        return made

    def array(self, schema, depth):
        low = schema.get("minItems", 0)
        high = min(schema.get("maxItems", low + 3), low + 3)
        made = []
        for index in range(self.dice.randint(low, high if depth < 5 else low)):
            made.append(self.value(schema["items"], depth + 1))
            self.sites.append((made, index, self.resolved(schema["items"])))
        return made

    def string(self, schema):
        if "enum" in schema:
            return self.dice.choice(schema["enum"])
        if schema.get("format") == "date-time":
            return self.time(GOOD_TIMES)
        if schema.get("format") == "uri":
            return self.dice.choice(GOOD_URIS)
        longest = schema.get("maxLength", 60)
        length = longest if self.dice.random() < 0.15 else self.dice.randint(0, min(longest, 30))
        return self.text(length)

    def text(self, length):
        letters = self.dice.choice([ALPHABETS[0], ALPHABETS[0], ALPHABETS[0], "".join(ALPHABETS)])
        return "".join(self.dice.choice(letters) for _ in range(length))

    def time(self, forms):
        return self.dice.choice(forms).format(
            date=f"{self.dice.randint(1, 9999):04}-{self.dice.randint(1, 12):02}-{self.dice.randint(1, 28):02}",
            time=f"{self.dice.randint(0, 23):02}:{self.dice.randint(0, 59):02}:{self.dice.randint(0, 59):02}",
            part=self.dice.randint(0, 999999),
        )

    def number(self, schema, kind):
        low, high = schema.get("minimum", -1000), schema.get("maximum", 100000)
        whole = self.dice.randint(int(low), int(high))
        if kind == "integer" or self.dice.random() < 0.3:
            return Literal(str(whole))
        if "multipleOf" in schema:
            return Literal(self.dice.choice([f"{abs(whole)}.{self.dice.randint(0, 9)}", f"{whole}.50", f"{whole}e-1"]))
        if whole == int(high):
            return Literal(str(whole))
        return Literal(f"{abs(whole)}.{self.dice.randint(0, 999)}" if whole >= 0 else f"{whole}.0")

    # Changes

    def change(self):
        place, key, schema = self.dice.choice(self.sites)
        if isinstance(place, dict) and key not in place or isinstance(place, list) and key >= len(place):
            return  # gone by an earlier change
        choices = [self.exchange, self.change_by_kind, self.change_by_kind, self.change_by_kind]
        if isinstance(place, dict):
            choices += [self.drop, self.drop, self.rename]
        self.dice.choice(choices)(place, key, schema)

    def exchange(self, place, key, _):
        place[key] = copy.deepcopy(self.dice.choice(STRANGERS))

    def drop(self, place, key, _):
        del place[key]

    def rename(self, place, key, _):
        value = place.pop(key)
        place[self.dice.choice([key.upper(), key + "x", key[:-1], " " + key, key[0] + "\u0301" + key[1:]])] = value

    def change_by_kind(self, place, key, schema):
        kind = schema.get("type")
        if kind == "object" and isinstance(place[key], dict):
            if self.dice.random() < 0.2:
                place[key] = {}
            else:
                self.add(place[key])
        elif kind == "array" and isinstance(place[key], list):
            if self.dice.random() < 0.5 or not place[key]:
                place[key] = []
            else:
                most = schema.get("maxItems", 4)
                place[key] = [copy.deepcopy(place[key][0]) for _ in range(most + self.dice.randint(0, 1))]
        elif kind == "string":
            place[key] = self.changed_string(schema)
        elif kind in ("integer", "number"):
            place[key] = self.changed_number(schema)
        elif kind == "boolean":
            place[key] = self.dice.choice(["true", Literal("0"), None])

    def add(self, value):
        members = list(value.items())
        name = self.dice.choice(["unknown", "a/b~c", "ünknown", "", "x" * 40])
        members.insert(self.dice.randint(0, len(members)), (name, copy.deepcopy(self.dice.choice(STRANGERS))))
        value.clear()
        value.update(members)

    def changed_string(self, schema):
        if "enum" in schema:
            good = self.dice.choice(schema["enum"])
            return self.dice.choice([good.lower(), good + " ", good[:-1], "", "Ünknown", good.upper()])
        if schema.get("format") == "date-time":
            return self.time(BAD_TIMES)
        if schema.get("format") == "uri":
            return self.dice.choice(BAD_URIS)
        return self.text(schema.get("maxLength", 100) + self.dice.randint(0, 1))

    def changed_number(self, schema):
        choices = ["1.5", "1.0", "1e2", "-0", "-0.0", "16.15", "0.05", "1E-1", "12345678901234567890", "100e-2", "1e20"]
        if "minimum" in schema:
            low = int(schema["minimum"])
            choices += [str(low), str(low - 1), f"{low}.0", f"{low - 1}.999"]
        if "maximum" in schema:
            high = int(schema["maximum"])
            choices += [str(high), str(high + 1), f"{high}.0", f"{high}.0000000000000000000001"]
        return Literal(self.dice.choice(choices))


class Writer:
    """Writes JSON with the liberties that senders take: white space and escapes."""

    def __init__(self, dice):
        self.dice = dice
        self.spaces = dice.choice(["", "", "", " ", "  "])
        self.ascii = dice.random() < 0.5
        self.escapes = dice.random() < 0.1

    def text(self, value):
        if isinstance(value, Literal):
            return str(value)
        if isinstance(value, str):
            return self.string(value)
        if isinstance(value, list):
            return "[" + self.spaces + ("," + self.spaces).join(map(self.text, value)) + self.spaces + "]"
        if isinstance(value, dict):
            colon = self.spaces + ":" + self.spaces
            members = (self.string(name) + colon + self.text(member) for name, member in value.items())
            return "{" + self.spaces + ("," + self.spaces).join(members) + "}"
        return json.dumps(value)

    def string(self, value):
        text = json.dumps(value, ensure_ascii=self.ascii)
        if self.escapes and value and value[0].isalnum() and ord(value[0]) < 128:
            return f'"\\u{ord(value[0]):04x}' + text[2:]
        return text


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--version", required=True, choices=["v16", "v201", "v21"])
    arguments.add_argument("--count", required=True, type=int)
    arguments.add_argument("--seed", required=True, type=int)
    arguments.add_argument("--draft", choices=["4", "6"], help="instead of the one that each schema names")
    options = arguments.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")
    folder = os.path.join(os.path.dirname(ocpp.__file__), options.version, "schemas")
    print(folder)
    messages = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8-sig") as file:
            schema = json.load(file, parse_float=Decimal)
        message = name.removesuffix(".json")
        if not message.endswith(("Request", "Response")):
            message += "Request"
        draft = options.draft or ("4" if "draft-04" in schema["$schema"] else "6")
        messages.append((message, schema, Judge(schema, draft)))
    dice = random.Random(options.seed)
    for number in range(options.count):
        message, schema, judge = messages[number % len(messages)]
        maker = Maker(schema, dice)
        holder = maker.payload()
        if number // len(messages) % 3 != 0:
            for _ in range(dice.choice([1, 1, 1, 2, 3])):
                maker.change()
        text = Writer(dice).text(holder[0])
        kind, pointer = judge.verdict(text)
        print(message, kind, pointer, text, sep="\t")


main()
