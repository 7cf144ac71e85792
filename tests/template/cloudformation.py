"""Reading a CloudFormation template: its intrinsic functions in their long form, its resources by type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]

Node = Mapping[str, Any]


class _Loader(yaml.SafeLoader):
    """A safe loader that knows the short forms of the intrinsic functions."""


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return {name: str(value).split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _intrinsic)


@dataclass(frozen=True, slots=True)
class Template:
    """A template as it is written, before the SAM transform."""

    document: Node

    @property
    def parameters(self) -> Mapping[str, Node]:
        """Return the parameters by name."""
        return dict(self.document["Parameters"])

    @property
    def resources(self) -> Mapping[str, Node]:
        """Return the resources by logical id."""
        return dict(self.document["Resources"])

    @property
    def shared(self) -> Node:
        """Return what Globals say of every function."""
        return dict(self.document["Globals"]["Function"])

    def of_type(self, kind: str) -> dict[str, Node]:
        """Return the properties of the resources of one type by logical id."""
        return {name: each.get("Properties", {}) for name, each in self.resources.items() if each["Type"] == kind}

    @property
    def functions(self) -> dict[str, Node]:
        """Return the functions' own properties by logical id."""
        return self.of_type("AWS::Serverless::Function")

    def environment(self, function: str) -> dict[str, Any]:
        """Return the environment of a function, Globals included."""
        own = self.functions[function]["Environment"]["Variables"]
        return {**self.shared["Environment"]["Variables"], **own}

    def statements(self, function: str) -> list[Node]:
        """Return the policy statements of a function."""
        return [each for policy in self.functions[function]["Policies"] for each in policy["Statement"]]

    def holds(self, condition: str, given: Mapping[str, str]) -> bool:
        """Say whether a condition holds when these parameters are given and the others have their defaults."""
        values = {name: str(each["Default"]) for name, each in self.parameters.items()} | dict(given)

        def truth(node: Node) -> bool:
            match node:
                case {"Fn::Equals": [left, right]}:
                    return bool(value(left) == value(right))
                case {"Fn::And": [*parts]}:
                    return all(truth(part) for part in parts)
                case {"Fn::Or": [*parts]}:
                    return any(truth(part) for part in parts)
                case {"Fn::Not": [part]}:
                    return not truth(part)
                case {"Condition": str(name)}:
                    return self.holds(name, given)
            raise ValueError(f"not a condition: {node}")

        def value(node: object) -> str:
            return values[node["Ref"]] if isinstance(node, Mapping) else str(node)

        return truth(self.document["Conditions"][condition])

    def created(self, given: Mapping[str, str]) -> set[str]:
        """Return the logical ids of what is made with these parameters."""
        return {name for name, each in self.resources.items() if "Condition" not in each or self.holds(each["Condition"], given)}

    def events(self, kind: str) -> Iterator[tuple[str, str, Node]]:
        """Yield ``(function, event, properties)`` of each event source of one type."""
        for function, properties in self.functions.items():
            for name, event in properties.get("Events", {}).items():
                if event["Type"] == kind:
                    yield function, name, event["Properties"]


def read(path: Path = ROOT / "template.yaml") -> Template:
    """Read a template."""
    # The loader is a SafeLoader: it builds nothing but plain data.
    return Template(yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader))  # noqa: S506


def folder_of(handler: str) -> Path:
    """Return the folder of a function by its handler, ``functions.<folder>.app.lambda_handler``."""
    return ROOT.joinpath(*handler.split(".")[:-2])


def mentions(node: object, name: str) -> bool:
    """Say whether a logical id or parameter is referred to anywhere below a node."""
    match node:
        case {"Ref": target} if target == name:
            return True
        case {"Fn::GetAtt": [target, *_]} if target == name:
            return True
        case {"Fn::Sub": str(text)} if f"${{{name}}}" in text or f"${{{name}." in text:
            return True
        case Mapping():
            return any(mentions(each, name) for each in node.values())
        case list():
            return any(mentions(each, name) for each in node)
        case _:
            return False


def as_list(value: object) -> list[Any]:
    """Return a value that CloudFormation takes alone or in a list, as a list."""
    return value if isinstance(value, list) else [value]
