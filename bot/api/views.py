"""What the API does: takes a turn, or shows what the line can say."""

from datetime import UTC, datetime
from typing import Any, Final

from flask import abort, g
from flask_smorest import Blueprint

from bot import sms
from bot.api import CHANNEL, schemas
from bot.library import ENGLISH, Answer, Library, Source
from bot.line import Line
from bot.model import AUDIENCES, Inbound, Reply
from bot.turn import Turns


def blueprint(turns: Turns) -> Blueprint:
    """Make the routes of v1."""
    v1 = Blueprint("v1", __name__, url_prefix="/v1", description="Version 1")

    @v1.post("/messages")
    @v1.arguments(schemas.MessageIn)
    @v1.response(200, schemas.MessageOut)
    @v1.doc(operationId="takeMessage", summary="Take a message and give the reply to send.")
    @guarded(v1, "messages")
    def messages(said: dict[str, Any]) -> dict[str, Any]:
        inbound = Inbound(
            CHANNEL, f"{g.key.name}:{said['contact']}", f"{g.key.name}:{said['id']}", said["text"],
            media=said["media"], carrier_answered=said["settled"], medium=said["medium"],
            hint=said["hint"],
        )  # fmt: skip
        reply = turns.take(inbound)
        return {"id": said["id"], **_told(reply, turns.line.in_medium(inbound.medium))}

    @v1.get("/topics")
    @v1.arguments(schemas.ContentQuery, location="query")
    @v1.response(200, schemas.Topics)
    @v1.doc(operationId="listTopics", summary="List what can be asked about.")
    @guarded(v1, "content")
    def topics(query: dict[str, str]) -> dict[str, Any]:
        library = turns.line.library
        edition = library.editions[_language(library, query["language"])]
        return {
            "language": edition.language,
            "revision": library.revision,
            "topics": [
                {
                    "topic": topic,
                    "title": edition.titles[topic],
                    "audiences": [a for a in AUDIENCES if f"{a}.{topic}" in edition.answers],
                }
                for topic in library.topics
            ],
        }

    @v1.get("/languages")
    @v1.response(200, schemas.Languages)
    @v1.doc(operationId="listLanguages", summary="List the languages.")
    @guarded(v1, "content")
    def languages() -> dict[str, Any]:
        library = turns.line.library
        return {"languages": list(library.editions.values()), "revision": library.revision}

    @v1.get("/answers/<string:topic>")
    @v1.arguments(schemas.AnswerQuery, location="query")
    @v1.response(200, schemas.AnswerOut)
    @v1.alt_response(404, "NOT_FOUND")
    @v1.doc(operationId="readAnswer", summary="Read a whole answer.")
    @guarded(v1, "content")
    def answers(query: dict[str, str], topic: str) -> dict[str, Any]:
        line = turns.line
        library, audience = line.library, query["audience"]
        edition = library.editions[_language(library, query["language"])]
        label = f"{audience}.{topic}"
        if label not in edition.answers:
            abort(404, f"There is no answer to {topic[:40]!r} for this audience: see /topics.")
        if library.is_held_back(label, datetime.fromtimestamp(turns.clock(), UTC).date()):
            abort(404, "This answer is being checked and is not given now.")
        answer = edition.answers[label]
        return {
            "topic": topic,
            "audience": audience,
            "language": answer.language,
            "title": edition.titles[topic],
            "paragraphs": answer.texts,
            "draft": edition.draft and answer.language != ENGLISH,
            **_around(label, edition.language, line),
        }

    return v1


def guarded(v1: Blueprint, scope: str) -> Any:
    """Let those in whose key is good for `scope`, and say in the specification who is not."""

    def guard(view: Any) -> Any:
        for status in ("UNAUTHORIZED", "FORBIDDEN", "TOO_MANY_REQUESTS", "SERVICE_UNAVAILABLE"):
            view = v1.alt_response(STATUSES[status], status)(view)
        view.scope = scope
        return view

    return guard


STATUSES: Final = {
    "UNAUTHORIZED": 401,
    "FORBIDDEN": 403,
    "TOO_MANY_REQUESTS": 429,
    "SERVICE_UNAVAILABLE": 503,
}


def _language(library: Library, code: str) -> str:
    if code not in library.editions:
        abort(404, f"There is no language {code[:20]!r}: see /languages.")
    return code


def _told(reply: Reply, line: Line) -> dict[str, Any]:
    size = sms.measure(reply.text)
    edition = line.library.edition(reply.language)
    label = f"{reply.audience}.{reply.topic}" if reply.topic else ""
    return {
        "text": reply.text,
        "label": reply.label,
        "topic": reply.topic,
        "audience": reply.audience,
        "page": reply.page,
        "pages": reply.pages,
        "language": reply.language,
        "draft": edition.draft,
        "encoding": size.encoding if reply.text else "",
        "segments": size.segments if reply.text else 0,
        "quick_replies": reply.choices,
        **_around(label, reply.language, line),
    }


def _around(label: str, language: str, line: Line) -> dict[str, Any]:
    """Give where an answer comes from, and where to go on; `label` is empty for what is none."""
    library = line.library
    answer = library.editions[ENGLISH].answers.get(label)
    cited = {(one.document, one.section, *_paragraphs(one)): one for one in _sources(answer)}
    sources = []
    for source in cited.values():
        document = library.documents[source.document]
        sources.append(
            {
                "document": source.document,
                "title": document.titles.get(language) or document.titles[ENGLISH],
                "publisher": document.publishers.get(language) or document.publishers[ENGLISH],
                "url": document.urls.get(language) or document.urls[ENGLISH],
                "section": document.sections[source.section].heading,
                "paragraphs": "-".join(dict.fromkeys(map(str, _paragraphs(source)))),
                "compared": document.compared,
            }
        )
    return {
        "link": line.layout.link(label, language) if answer else "",
        "support_line": library.support_line,
        "sources": sources,
        "revision": library.revision,
    }


def _sources(answer: Answer | None) -> tuple[Source, ...]:
    return answer.sources if answer else ()


def _paragraphs(source: Source) -> tuple[int, int]:
    return source.first, source.last
