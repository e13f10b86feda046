#!/usr/bin/env python3
"""Finds braces, lambdas and conditional operators in expressions that contain co_await.

Usage: coawait_rule.py FILE_OR_FOLDER...
Prints one line per finding and exits with 1 if there is any.

g++ 12 destroys a braced aggregate or a capturing lambda twice when it is a temporary of an expression with co_await, and so it does
with what `a ? b : c` makes, wherever the co_await stands: in front of it, in an operand or round it. So such an expression has none
of them: the object gets a name in a statement of its own, the choice becomes an `if`. The rule is stricter than the fault (a class
with a constructor is safe in braces, an int in a conditional), because a rule that needs no thought is kept.
"""
import re
import sys
from pathlib import Path

TOKEN = re.compile(
    r"""
    (?P<skip> //[^\n]* | /\*.*?\*/ | ^[ \t]*\#(?:\\\n|[^\n])* | \s+ )
  | (?P<text> (?:u8|[uUL])?R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)" | (?:u8|[uUL])?"(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' )
  | (?P<word> [A-Za-z_]\w* )
  | (?P<number> \.?\d(?:'?[\w.]|[eEpP][+-])* )
  | (?P<mark2> -> | :: | . )
    """,
    re.X | re.S | re.M,
)

CONTROL = {"if", "while", "for", "switch", "constexpr"}
BEFORE_BLOCK = {")", ";", "{", "}", ":", "else", "do", "try", "const", "noexcept", "override", "final", "mutable", "requires", ""}
BEFORE_LAMBDA_WORDS = {"return", "co_return", "co_await", "co_yield", "case", "else", "throw"}
DEFINES = {"class", "struct", "union", "enum", "namespace", "extern"}
CLOSER = {"(": ")", "[": "]", "{": "}"}


class Source:
    def __init__(self, text):
        self.words, self.lines = [], []
        line = 1
        for match in TOKEN.finditer(text):
            if match.lastgroup != "skip":
                self.words.append("text" if match.lastgroup in ("text", "mark") else match.group())
                self.lines.append(line)
            line += match.group().count("\n")
        self.match_brackets()

    def match_brackets(self):
        self.partner = {}
        self.parent = []  # per token: index of the innermost bracket that is open there, or -1
        open_ones = []
        for i, word in enumerate(self.words):
            if word in (")", "]", "}"):
                while open_ones:
                    opener = open_ones.pop()
                    if CLOSER[self.words[opener]] == word:
                        self.partner[i], self.partner[opener] = opener, i
                        break
            self.parent.append(open_ones[-1] if open_ones else -1)
            if word in CLOSER:
                open_ones.append(i)

    def word(self, i):
        return self.words[i] if 0 <= i < len(self.words) else ""

    def is_lambda(self, i):
        """Whether the '[' at i introduces a lambda, rather than a subscript or an attribute."""
        if self.word(i + 1) == "[" or (self.word(i - 1) == "[" and self.parent[i] == i - 1):
            return False
        before = self.word(i - 1)
        if before in BEFORE_LAMBDA_WORDS:
            return True
        return not (before in (")", "]", "text") or re.match(r"\w", before))

    def is_block(self, i):
        """Whether the '{' at i opens a block or a body, rather than a braced initialiser."""
        before = self.word(i - 1)
        if before == "]":
            return self.is_lambda(self.partner.get(i - 1, i))
        if before in BEFORE_BLOCK:
            return True
        if before != ">" and not re.match(r"[A-Za-z_]", before):
            return False
        # A name or '>' in front: the return type of a body, a class or a namespace; otherwise a type that is initialised.
        k = i - 1
        while k >= 0 and self.word(k) not in (";", "{", "}", "(", ")", "="):
            if self.word(k) == "->" and self.word(k - 1) in (")", "noexcept", "mutable", "const"):
                return True
            if self.word(k) in DEFINES:
                return True
            k -= 1
        return False

    def bounds(self, i):
        """The full-expression round the token at i as a range of tokens; None if it stands in a braced initialiser."""
        outer = self.parent[i]
        while outer >= 0:
            word = self.word(outer)
            if word == "{":
                if not self.is_block(outer):
                    return None
                break
            if word == "(" and self.word(outer - 1) in CONTROL:
                break
            i, outer = outer, self.parent[outer]
        first = i
        while first - 1 > outer:
            before = self.word(first - 1)
            if before == ";" or (before == "}" and self.is_block(self.partner.get(first - 1, first - 1))):
                break
            first = self.partner.get(first - 1, first - 1) if before in (")", "]", "}") else first - 1
        last = i
        end = self.partner.get(outer, len(self.words)) if outer >= 0 else len(self.words)
        while last < end and self.word(last) != ";":
            last = self.partner.get(last, last) + 1 if self.word(last) in CLOSER else last + 1
        return first, min(last, end)

    def without_heads(self, first, last):
        """Where the expression starts behind heads such as `if (...)` and `else`."""
        while first < last:
            if self.word(first) in CONTROL and self.word(first + 1) == "(":
                first = self.partner.get(first + 1, last) + 1
            elif self.word(first) in CONTROL | {"else", "do"}:
                first += 1
            else:
                return first
        return first

    def findings(self):
        """(line, reason) of each co_await whose expression breaks the rule."""
        for i, word in enumerate(self.words):
            if word != "co_await":
                continue
            bounds = self.bounds(i)
            if bounds is None:
                yield self.lines[i], "co_await inside a braced initialiser"
                continue
            first, last = self.without_heads(*bounds), bounds[1]
            for k in range(min(first, i), last):
                if self.word(k) == "[" and self.is_lambda(k):
                    yield self.lines[i], "lambda in an expression with co_await"
                    break
                if self.word(k) == "{":
                    yield self.lines[i], "braces in an expression with co_await"
                    break
                if self.word(k) == "?":
                    yield self.lines[i], "conditional operator in an expression with co_await"
                    break


def findings_of(text):
    return list(Source(text).findings())


def main(paths):
    files = found = 0
    for given in map(Path, paths):
        for path in [given] if given.is_file() else sorted(given.rglob("*.[hc]pp")):
            files += 1
            for line, reason in findings_of(path.read_text(encoding="utf-8")):
                print(f"{path}:{line}: {reason}: do that in a statement before")
                found += 1
    if files == 0:
        print("no files to read")
        return 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
