#!/usr/bin/env python3
"""Writes the JSON Schemas of all OCPP versions from the tables in `facts/`.

    Schemas/generate.py            writes them
    Schemas/generate.py --check    says which files are not what it would write, and exits with 1 if there are any

A table has a row for each field: kind (message, type, enum), owner, path, type, cardinality, constraints.
"""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
DRAFT = "http://json-schema.org/draft-06/schema#"

# What stands in front of a message's name in `$id`.
PREFIXES = {
    "1.6": "urn:OCPP:1.6:2019:12:",
    "2.0.1": "urn:OCPP:Cp:2:2020:3:",
    "2.1": "urn:OCPP:Cp:2:2025:1:",
}

# The messages of OCPP 1.6's security whitepaper (edition 3) have another prefix, and other endings.
SECURITY_PREFIX = "urn:OCPP:Cp:1.6:2020:3:"
SECURITY_ACTIONS = {
    "CertificateSigned", "DeleteCertificate", "ExtendedTriggerMessage", "GetInstalledCertificateIds", "GetLog",
    "InstallCertificate", "LogStatusNotification", "SecurityEventNotification", "SignCertificate",
    "SignedFirmwareStatusNotification", "SignedUpdateFirmware",
}

# Values that published schemas misspell: charge points send both.
BOTH_SPELLINGS = {"IdleTIme": "IdleTime"}

SIMPLE = {"string", "integer", "number", "boolean", "object"}


class Object:
    """An object schema that grows field by field."""

    def __init__(self):
        self.fields, self.required, self.is_open = {}, [], False


class Field:
    def __init__(self, type_name, constraints):
        self.type, self.constraints, self.object = type_name, constraints, None


def read(version):
    """The objects and the enumerations of a table, by name."""
    messages, types, enums = {}, {}, {}
    for line in (HERE / "facts" / f"ocpp{version}.tsv").read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        kind, owner, path, type_name, cardinality, constraints = (line.split("\t") + [""] * 6)[:6]
        if kind == "enum":
            values = constraints.split("|")
            enums[owner] = values + [other for one, other in BOTH_SPELLINGS.items() if one in values]
        else:
            add((messages if kind == "message" else types).setdefault(owner, Object()), path, type_name, cardinality, constraints)
    return messages, types, enums


def add(owner, path, type_name, cardinality, constraints):
    if path == "-":
        return
    if path == "*":
        owner.is_open = True
        return
    *parents, name = path.split(".")
    for parent in parents:
        field = owner.fields[parent.removesuffix("[]")]
        field.object = field.object or Object()
        owner = field.object
    owner.fields[name] = Field(type_name, constraints)
    if cardinality == "required":
        owner.required.append(name)


def number(text):
    value = float(text)
    return int(value) if value.is_integer() and "e" not in text else value


def keywords(constraints, of_type):
    found = {}
    for name, value in re.findall(r"(\w+)=(\S+)", constraints):
        if name == "default":
            found[name] = {"true": True, "false": False}.get(value, value) if of_type in ("boolean", "string") else number(value)
        else:
            found[name] = value if name == "format" else number(value)
    return found


def schema_of_type(type_name, object_, used):
    """The schema of a type by its name in the table; `used` gathers the definitions that it refers to."""
    if object_:
        return schema_of_object(object_, used)
    if type_name == "any":
        return {}
    if match := re.fullmatch(r"enum\((.*)\)", type_name):
        return {"type": "string", "enum": match[1].split("|")}
    if type_name in SIMPLE:
        # An object without fields of its own takes none.
        return {"type": type_name}
    used.add(type_name)
    return {"$ref": f"#/definitions/{type_name}"}


def schema_of_field(field, used):
    match = re.fullmatch(r"array<(.*?)>(?: itemConstraints\((.*)\))?", field.type)
    if not match:
        # A reference hides what stands beside it in drafts 4 and 6, so nothing does.
        schema = schema_of_type(field.type, field.object, used)
        return schema if "$ref" in schema else {**schema, **keywords(field.constraints, field.type)}
    item = {**schema_of_type(match[1], field.object, used), **keywords(match[2] or "", match[1])}
    return {"type": "array", "items": item, **keywords(field.constraints, "array")}


def schema_of_object(object_, used):
    schema = {"type": "object", "properties": {name: schema_of_field(field, used) for name, field in object_.fields.items()}}
    if object_.required:
        schema["required"] = object_.required
    if not object_.is_open:
        schema["additionalProperties"] = False
    return schema


def definitions(used, types, enums):
    """What the named types stand for, and the types that those use."""
    found, todo = {}, set(used)
    while todo:
        name, more = todo.pop(), set()
        if name in enums:
            found[name] = {"type": "string", "enum": enums[name]}
        else:
            found[name] = schema_of_object(types[name], more)
        todo |= more - found.keys()
    return dict(sorted(found.items()))


def schema_id(version, name):
    action, kind = name.removesuffix("Request").removesuffix("Response"), name[-len("Request"):]
    if version == "1.6" and action in SECURITY_ACTIONS:
        return f"{SECURITY_PREFIX}{action}.{'req' if kind == 'Request' else 'conf'}"
    return PREFIXES[version] + name


def files(version):
    """The text of each file, by its path."""
    messages, types, enums = read(version)
    for name, object_ in messages.items():
        used = set()
        body = schema_of_object(object_, used)
        schema = {"$schema": DRAFT, "$id": schema_id(version, name), "title": name}
        if found := definitions(used, types, enums):
            schema["definitions"] = found
        yield HERE / f"ocpp{version}" / f"{name}.json", json.dumps({**schema, **body}, indent=4, ensure_ascii=False) + "\n"


def main():
    wanted = {path: text for version in PREFIXES for path, text in files(version)}
    here = {path for version in PREFIXES for path in (HERE / f"ocpp{version}").glob("*.json")}
    if sys.argv[1:] == ["--check"]:
        wrong = sorted(str(path.relative_to(HERE)) for path in wanted.keys() | here
                       if path not in wanted or path not in here or path.read_text("utf-8") != wanted[path])
        print("\n".join(wrong) or f"{len(wanted)} schemas are what the tables say")
        return 1 if wrong else 0
    for path in here - wanted.keys():
        path.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    print(f"{len(wanted)} schemas written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
