"""The terms that every hub has. Programs rely on their keys (they are part of the public surface), so those stay."""

from typing import Any

BUILTIN: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    "stages": {
        "awareness": (
            "Awareness",
            {
                "entry_criteria": "The buyer has shown interest or has answered us.",
                "exit_criteria": "The buyer has named a problem that they want to solve.",
            },
        ),
        "consideration": (
            "Consideration",
            {
                "entry_criteria": "The buyer compares ways to solve a problem that they have named.",
                "exit_criteria": "The buyer has asked for a proposal, or has chosen another way.",
            },
        ),
        "decision": (
            "Decision",
            {
                "entry_criteria": "A proposal is asked for, and those who decide are known.",
                "exit_criteria": "The buyer has signed, or has said no and why.",
            },
        ),
        "retention": (
            "Retention",
            {
                "entry_criteria": "The contract is signed.",
                "exit_criteria": "The customer has renewed, has bought more, or has left for a reason on record.",
            },
        ),
    },
    "languages": {"en": ("English", {})},
}


def is_builtin(vocabulary: str, key: str) -> bool:
    return key in BUILTIN.get(vocabulary, {})
