"""Forms as browsers post them, read by the same models as the API's bodies.

A form that is refused comes back with what was typed and what is wrong beside each field, so a section catches
`HubError` and shows its page again; it never answers a page of its own for a wrong field.
"""

from collections.abc import Mapping
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from hub.errors import Fault, Invalid

MOST_FIELDS = 200
_Model = TypeVar("_Model", bound=BaseModel)


class Form:
    """The fields of a posted form; a field that was not sent is empty."""

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        return (self._fields.get(name) or [""])[0]

    def all(self, name: str) -> list[str]:
        return list(self._fields.get(name, ()))

    def read(self, model: type[_Model], **given: object) -> _Model:
        """The model made of `given`; raises Invalid that names each wrong field in words for people."""
        try:
            return model.model_validate(given)
        except ValidationError as error:
            faults = [
                Fault(("body", *map(str, item["loc"][:1])), _words(item["type"], item["msg"]))
                for item in error.errors()
            ]
            raise Invalid("Some fields cannot be used as they are.", errors=faults) from None


async def _form(request: Request) -> Form:
    async with request.form(max_files=0, max_fields=MOST_FIELDS) as sent:
        fields: dict[str, list[str]] = {}
        for name, value in sent.multi_items():
            fields.setdefault(name, []).append(str(value))
    return Form(fields)


FormDep = Annotated[Form, Depends(_form)]


def _words(kind: str, message: str) -> str:
    if kind in {"missing", "string_too_short", "too_short"}:
        return "this is needed"
    if kind == "string_too_long":
        return message.replace("String should have", "use")
    return message.removeprefix("Value error, ")
