"""Shell text → the commands in it, near enough to recognise what must not run twice; nothing is executed.

Read as a shell reads it: quotes, continued lines, comments, here-documents, redirections, nested `$(…)`, aliases, and
variables whose values are known (set in the text before, or in the environment). An unknown one stays as it is written.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

ASSIGNMENT = re.compile(r"\A([A-Za-z_]\w*)\+?=")
_NAME = re.compile(r"\$(?:\{([A-Za-z_]\w*)(?::?[-=]([^}]*))?[^}]*\}|([A-Za-z_]\w*))")
_REDIRECTION = re.compile(r"<<<|<<-?|[<>]\(|[<>]&|>>|>\||<>|[<>]")
_DECLARING = frozenset({"export", "local", "readonly", "declare", "typeset"})
_WRAPPERS = frozenset(
    "sudo env nice nohup time timeout stdbuf command exec xargs doas ionice setsid unbuffer then do else if elif while until ! npx "
    "bunx pnpx uvx { } function coproc builtin chrt".split()
)
_TAKES_VALUE = frozenset({"-u", "-n", "-k", "-s", "--signal", "--kill-after", "-C", "-c", "-I", "-P", "-p"})
_PRINTING = frozenset({"echo", "printf", "cat"})
_LONGEST = 4096
_DEEPEST = 8


class Spoken:
    """One command: its words, the text it is fed (a here-document, an `echo` before the pipe), the file it reads."""

    __slots__ = ("fed", "reads", "words")

    def __init__(self, words: list[str]) -> None:
        """A command of `words` that is fed nothing."""
        self.words = words
        self.fed = ""
        self.reads = ""


def commands(text: str, values: Mapping[str, str] | None = None) -> list[Spoken]:
    """The commands of a shell text in their order, wrappers and assignments taken off. `values`: variables known before."""
    reader = _Reader(text, dict(values or {}), {}, 0)
    reader.read()
    return reader.found


def unwrapped(words: list[str]) -> list[str]:
    """The words of a command without `sudo`, `env A=b`, `timeout 5m` and the like before it."""
    words = list(words)
    while words:
        if ASSIGNMENT.match(words[0]):
            words.pop(0)
        elif words[0].rsplit("/", 1)[-1] in _WRAPPERS:
            wrapper = words.pop(0)
            while words and words[0].startswith("-"):
                option = words.pop(0)
                if option in _TAKES_VALUE and words:
                    words.pop(0)
            if wrapper.rsplit("/", 1)[-1] == "timeout" and words and re.match(r"\d", words[0]):
                words.pop(0)
        else:
            break
    return words


class _Reader:
    """Reads one text from its beginning to its end; what is nested is read by a reader of its own."""

    def __init__(self, text: str, values: dict[str, str], aliases: dict[str, str], depth: int) -> None:
        self.text = text
        self.values = values
        self.aliases = aliases
        self.depth = depth
        self.at = 0
        self.found: list[Spoken] = []
        self.word: list[str] | None = None
        self.words: list[str] = []
        self.take = ""
        self.fed = ""
        self.reads = ""
        self.piped = ""
        self.here: list[tuple[str, bool]] = []
        self.waiting: list[tuple[Spoken, str, bool]] = []

    def read(self) -> None:
        text = self.text
        while self.at < len(text):
            sign = text[self.at]
            if sign == "\\":
                if text[self.at + 1 : self.at + 2] != "\n":
                    self._add(text[self.at + 1 : self.at + 2])
                self.at += 2
            elif sign == "'":
                self._single()
            elif sign == '"':
                self._double()
            elif sign in "$`":
                self._dollar(split=True)
            elif sign == "#" and self.word is None:
                end = text.find("\n", self.at)
                self.at = len(text) if end < 0 else end
            elif sign in "<>":
                self._redirect(sign)
            elif sign == "&" and text[self.at + 1 : self.at + 2] == ">":
                self._end_word()
                self.at += 1
            elif sign in ";&|()\n":
                self._separate(sign)
            elif sign in " \t\r":
                self._end_word()
                self.at += 1
            else:
                self._add(sign)
                self.at += 1
        self._end_command()

    def _add(self, text: str) -> None:
        if self.word is None:
            self.word = []
        self.word.append(text)

    def _single(self) -> None:
        end = self.text.find("'", self.at + 1)
        end = len(self.text) if end < 0 else end
        self._add(self.text[self.at + 1 : end])
        self.at = end + 1

    def _double(self) -> None:
        self.at += 1
        self._add("")
        while self.at < len(self.text) and self.text[self.at] != '"':
            sign = self.text[self.at]
            if sign == "\\" and self.at + 1 < len(self.text):
                following = self.text[self.at + 1]
                self._add(following if following in '"\\$`' else "" if following == "\n" else sign + following)
                self.at += 2
            elif sign in "$`":
                self._dollar(split=False)
            else:
                self._add(sign)
                self.at += 1
        self.at += 1

    def _dollar(self, *, split: bool) -> None:
        """A variable, or a command inside the command."""
        text = self.text
        if text[self.at] == "`":
            end = text.find("`", self.at + 1)
            self._nested(self.at + 1, len(text) if end < 0 else end)
            return
        if text.startswith("$(", self.at):
            self._nested(self.at + 2, _closing(text, self.at + 2))
            return
        match = _NAME.match(text, self.at)
        if match is None:
            self._add("$")
            self.at += 1
            return
        value = self.values.get(match.group(1) or match.group(3))
        value = match.group(2) if value is None else value
        self.at = match.end()
        if value is None or len(value) > _LONGEST:
            self._add(match.group(0))
        elif not split:
            self._add(value)
        else:
            for position, piece in enumerate(value.split()):
                if position:
                    self._end_word()
                self._add(piece)

    def _nested(self, begin: int, end: int) -> None:
        if self.depth < _DEEPEST:
            inner = _Reader(self.text[begin:end], dict(self.values), self.aliases, self.depth + 1)
            inner.read()
            self.found += inner.found
        self._add("$()")
        self.at = end + 1

    def _redirect(self, sign: str) -> None:
        if self.word is not None and "".join(self.word).isdigit():
            self.word = None
        self._end_word()
        match = _REDIRECTION.match(self.text, self.at)
        mark = match.group(0) if match else sign
        self.at += len(mark)
        if mark.endswith("("):
            self._nested(self.at, _closing(self.text, self.at))
            self._end_word()
        elif mark == "<<<":
            self.take = "fed"
        elif mark.startswith("<<"):
            self.take = "here-" if mark.endswith("-") else "here"
        else:
            self.take = "reads" if mark == "<" else "drop"

    def _separate(self, sign: str) -> None:
        double = self.text[self.at + 1 : self.at + 2] == sign
        self._end_command(piped=sign == "|" and not double)
        self.at += 2 if double and sign in "|&" else 1
        if sign == "\n" and self.waiting:
            self._here_documents()

    def _here_documents(self) -> None:
        for spoken, mark, dedent in self.waiting:
            begin = self.at
            while self.at < len(self.text):
                end = self.text.find("\n", self.at)
                end = len(self.text) if end < 0 else end
                line = self.text[self.at : end]
                if (line.lstrip("\t") if dedent else line) == mark:
                    spoken.fed = self.text[begin : self.at]
                    self.at = min(end + 1, len(self.text))
                    break
                self.at = end + 1
            else:
                spoken.fed = self.text[begin:]
                self.at = len(self.text)
        self.waiting = []

    def _end_word(self) -> None:
        if self.word is None:
            return
        word, self.word = "".join(self.word), None
        take, self.take = self.take, ""
        if not take:
            self.words.append(word)
        elif take == "fed":
            self.fed = word
        elif take == "reads":
            self.reads = word
        elif take.startswith("here"):
            self.here.append((word, take.endswith("-")))

    def _end_command(self, *, piped: bool = False) -> None:
        self._end_word()
        self.take = ""
        words, self.words = self.words, []
        self._note_values(words)
        words = unwrapped(words)
        if words and words[0] in self.aliases:
            words = [*self.aliases[words[0]].split(), *words[1:]]
        before, self.piped = self.piped, ""
        if words or self.here or self.fed:
            spoken = Spoken(words)
            spoken.fed, spoken.reads = self.fed or before, self.reads
            self.found.append(spoken)
            self.waiting += [(spoken, mark, dedent) for mark, dedent in self.here]
            if piped and words and words[0] in _PRINTING:
                self.piped = " ".join(words[1:])
        self.fed, self.reads, self.here = "", "", []

    def _note_values(self, words: list[str]) -> None:
        """What the variables and aliases that a command sets are worth from here on."""
        declares = bool(words) and words[0] in _DECLARING
        for word in words[1:] if declares else words:
            match = ASSIGNMENT.match(word)
            if match is None:
                if declares:
                    continue
                break
            if "$()" in word:
                self.values.pop(match.group(1), None)
            else:
                self.values[match.group(1)] = word[match.end() :]
        if words[:1] == ["alias"]:
            self.aliases.update((name, value) for name, _, value in (word.partition("=") for word in words[1:]) if value)


def split_words(line: str) -> list[str]:
    """The words of one line, quotes taken off where they are whole."""
    try:
        return shlex.split(line)
    except ValueError:
        return line.replace("'", " ").replace('"', " ").split()


def _closing(text: str, at: int) -> int:
    """Where the parenthesis that was opened before `at` is closed; the end of the text where it never is."""
    depth = 1
    quote = ""
    while at < len(text):
        sign = text[at]
        if sign == "\\":
            at += 1
        elif quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign == "(":
            depth += 1
        elif sign == ")":
            depth -= 1
            if not depth:
                return at
        at += 1
    return len(text)
