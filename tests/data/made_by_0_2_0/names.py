"""Print the public names of danpredict as JSON: ``python names.py``, run without dlib."""

import argparse
import inspect
import json
import runpy
import sys
from typing import Any, NoReturn

import danpredict


def parameters(function: Any) -> list[str] | None:
    """Parameters that a caller may name, in order; None where Python cannot tell."""
    try:
        found = inspect.signature(function).parameters.values()
    except ValueError:
        return None
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [p.name for p in found if p.kind in named and p.name != "self"]


def attributes(kind: type) -> dict[str, list[str] | None]:
    """Public attributes of a class, methods with their parameters."""
    names = [name for name in dir(kind) if not name.startswith("_")]
    found = {name: inspect.getattr_static(kind, name) for name in names}
    return {
        name: parameters(getattr(kind, name))
        if callable(value) or isinstance(value, classmethod | staticmethod)
        else None
        for name, value in found.items()
    }


def command_parser() -> argparse.ArgumentParser:
    """The parser of ``python -m danpredict``, caught when it is about to parse."""
    caught: list[argparse.ArgumentParser] = []

    def catch(parser: argparse.ArgumentParser, *_: object, **__: object) -> NoReturn:
        caught.append(parser)
        raise SystemExit

    argparse.ArgumentParser.parse_args = catch  # type: ignore[assignment]
    try:
        runpy.run_module("danpredict", run_name="__main__")
    except SystemExit:
        return caught[0]
    raise RuntimeError("expected danpredict to parse its arguments")


def options(parser: argparse.ArgumentParser) -> dict[str, list[str]]:
    """All names of each option, by its longest; a positional argument has none."""
    subparsers = argparse._SubParsersAction
    plain = [action for action in parser._actions if not isinstance(action, subparsers)]
    return {max([*a.option_strings, a.dest], key=len): [*a.option_strings] for a in plain}


def commands() -> dict[str, dict[str, list[str]]]:
    """Options of every command, and under "" of the program."""
    parser = command_parser()
    found = {"": options(parser)}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found |= {name: options(command) for name, command in action.choices.items()}
    return found


def main() -> None:
    """Print names, signatures and options."""
    sys.modules["dlib"] = None  # type: ignore[assignment]  # its classes are not danpredict's
    values = {name: getattr(danpredict, name) for name in danpredict.__all__}
    classes = {name: value for name, value in values.items() if isinstance(value, type)}
    functions = {
        name: value
        for name, value in values.items()
        if callable(value) and not isinstance(value, type)
    }
    document = {
        "all": sorted(values),
        "classes": {
            name: {"parameters": parameters(kind), "attributes": attributes(kind)}
            for name, kind in classes.items()
        },
        "functions": {name: parameters(function) for name, function in functions.items()},
        "commands": commands(),
    }
    print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
