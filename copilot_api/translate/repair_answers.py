"""Repairs of answers on their way to a client of the same dialect: what Copilot is known to get wrong, told in tables.

The watch of each dialect does what stands here, where it stands in the answer.
Sources: copilot-upstream §3.2, §3.3, §4.3, §6.3; what clients insist on: clients.md §5.
"""

from copilot_api.translate.repair import Fault, by_name

NAMES_RESTORED = Fault(
    name="tool-names-restored",
    when="a tool is called whose name was sent as another",
    does="gives the client its own name back",
    source="translation §1.6",
)

CHAT_ANSWERS = by_name(
    (
        Fault(
            name="empty-chunk-dropped",
            when="a chunk holds neither choices nor usage, like the filter's report at the start",
            does="drops it",
            source="copilot-upstream §3.3",
        ),
        Fault(
            name="fields-filled",
            when="an answer or a chunk lacks id, object, created or model",
            does="fills in what an earlier chunk said, or our own",
            source="copilot-upstream §3.2",
        ),
        Fault(
            name="choices-merged",
            when="Claude's answer is split over several choices",
            does="makes it the one choice that was asked for",
            source="copilot-upstream §3.2",
        ),
        Fault(
            name="choices-completed",
            when="a choice of a whole answer lacks content or index, or says what only its stream should",
            does="completes it like a stream",
            source="copilot-upstream §3.2",
        ),
        Fault(
            name="role-once",
            when="the role is null, or stands in more than the first chunk",
            does="leaves it in the first only",
            source="copilot-upstream §3.3",
        ),
        Fault(
            name="padding-dropped",
            when="a delta holds filler of random length",
            does="drops it",
            source="copilot-upstream §3.3",
        ),
        Fault(
            name="reasoning-shown",
            when="reasoning comes under a name that clients do not read",
            does="says it under reasoning_content as well",
            source="clients.md §4.4",
        ),
        Fault(
            name="tool-call-completed",
            when="a piece of a call lacks its index or type, or has the index of another",
            does="numbers the calls through",
            source="copilot-upstream §3.3",
        ),
        Fault(
            name="finish-corrected",
            when="the finish reason is stop though tools were called",
            does="says tool_calls",
            source="copilot-upstream §3.3",
        ),
        Fault(
            name="failure-told",
            when="the finish reason is error",
            does="ends the stream with an error instead of an end mark",
            source="copilot-upstream §3.3",
        ),
        Fault(
            name="runaway-stopped",
            when="a call's arguments are nothing but blanks any more",
            does="ends the stream with an error",
            source="copilot-upstream §3.3",
        ),
        Fault(
            name="usage-hidden",
            when="the token count comes to a client that did not ask for it",
            does="keeps it back",
            source="copilot-upstream §3.1",
        ),
        Fault(
            name="end-mark-added",
            when="a stream with a finish reason ends without [DONE]",
            does="adds it",
            source="copilot-upstream §3.3",
        ),
        NAMES_RESTORED,
    )
)

MESSAGES_ANSWERS = by_name(
    (
        Fault(
            name="end-mark-dropped",
            when="OpenAI's [DONE] stands in the stream",
            does="drops it",
            source="copilot-upstream §6.3",
        ),
        Fault(
            name="stop-added",
            when="a stream with a stop reason ends without message_stop",
            does="adds it",
            source="clients.md §5",
        ),
        Fault(
            name="event-named",
            when="an event has no event line",
            does="adds it",
            source="copilot-upstream §6.3",
        ),
        Fault(
            name="model-named",
            when="the answer has the model's dated name",
            does="says the name it was asked by",
            source="copilot-upstream §6.3",
        ),
        NAMES_RESTORED,
    )
)

RESPONSES_ANSWERS = by_name(
    (
        Fault(
            name="ids-steadied",
            when="an item or the response has another id in every event",
            does="gives it one that stays",
            source="copilot-upstream §4.3",
        ),
        Fault(
            name="reasoning-sealed",
            when="an item holds encrypted content, which is bound to Copilot's id of it",
            does="puts both into one, so that it can come back",
            source="copilot-upstream §4.3",
        ),
        Fault(
            name="free-text-unwrapped",
            when="a tool that takes free text was called as a function",
            does="makes it the call that the client knows",
            source="copilot-upstream §4.2",
        ),
        Fault(
            name="events-renumbered",
            when="the numbers of events leave one out, or are missing",
            does="numbers them through",
            source="client-apis §3.3",
        ),
        Fault(
            name="event-named",
            when="an event has no event line",
            does="adds it",
            source="copilot-upstream §4.4",
        ),
        Fault(
            name="failure-told",
            when="a stream ends with an error or cancelled, for which clients do not listen",
            does="ends it with a failed response",
            source="clients.md §5",
        ),
        Fault(
            name="end-mark-dropped",
            when="Chat's [DONE] stands in the stream",
            does="drops it",
            source="copilot-upstream §4.3",
        ),
        NAMES_RESTORED,
    )
)
