"""The patterns of files to keep, as the host reads them: `*`, `**`, `?`, `[…]` and `{a,b}`."""

import re
from collections.abc import Iterable

TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^\]]+\]|[{},]|.", re.DOTALL)

PLAIN = {
    "**/": "(?:.*/)?",
    "**": ".*",
    "*": "[^/]*",
    "?": "[^/]",
    "{": "(?:",
    "}": ")",
}


def matches(pattern: str, path: str) -> bool:
    """Whether `path` is one of those the pattern means."""
    return re.fullmatch(_expression(pattern), path, re.DOTALL) is not None


def any_matches(patterns: Iterable[str], path: str) -> bool:
    """Whether `path` is one of those that one of the patterns means."""
    return any(matches(pattern, path) for pattern in patterns)


def _expression(pattern: str) -> str:
    parts = []
    depth = 0
    for token in TOKEN.findall(pattern):
        depth += {"{": 1, "}": -1}.get(token, 0)
        if token == "," and depth > 0:
            parts.append("|")
        elif len(token) > 2 and token[0] == "[":
            parts.append("[^" + token[2:] if token[1] == "!" else token)
        else:
            parts.append(PLAIN.get(token) or re.escape(token))
    return "".join(parts)
