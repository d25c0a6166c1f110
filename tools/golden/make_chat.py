#!/usr/bin/env python3
"""Renders conversations with the templates in tests/data/chat/templates, as transformers does, into cases.json beside them.

    pip install transformers==4.55.4 jinja2==3.1.6
    tools/golden/make_chat.py

The templates follow the public descriptions of the formats of well-known models; their wording is our own.
"""
import json
from datetime import datetime
from pathlib import Path

import jinja2
import transformers
from transformers.utils import chat_template_utils

FOLDER = Path(__file__).resolve().parents[2] / "tests/data/chat"
TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "additional_special_tokens": ["<a>", "<b>"]}


class Clock(datetime):
    """As NOW in tests/unit/generate/golden_chat_test.c."""

    @classmethod
    def now(cls, tz=None):
        return cls(2024, 7, 26, 13, 5, 9)


def user(text):
    return {"role": "user", "content": text}


def assistant(text, **more):
    return {"role": "assistant", "content": text, **more}


def system(text):
    return {"role": "system", "content": text}


def call(name, arguments, id_="abcdef123"):
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "The weather of a place.",
    "parameters": {"type": "object", "required": ["city"], "properties": {
        "city": {"type": "string", "description": "Its name, \"Köln\" or <any>"},
        "days": {"type": "integer", "description": "How many days ahead", "default": 1},
        "units": {"type": "string", "enum": ["metric", "us"], "default": "metric"},
        "fields": {"type": "array", "items": {"type": "string"}, "description": "What of it"}}}}}
NOW = {"type": "function", "function": {"name": "now", "description": "The time.",
                                        "parameters": {"type": "object", "properties": {}},
                                        "return": {"type": "object", "additionalProperties": {"type": "number"}}}}
PARTS = {"type": "function", "function": {"name": "parts", "description": "Odd types.", "parameters": {
    "type": "object", "properties": {"x": {"type": ["string", "null"], "description": " a "}, "y": {"description": "b"},
                                     "z": {"type": "object", "description": "c", "required": ["p"],
                                           "properties": {"p": {"type": "number"}, "q": {"type": "boolean"}}}}}}}

CONVERSATIONS = {
    "one": [user("Hi there")],
    "turns": [user("  What is 2 + 2?\n"), assistant("It is 4.  "), user("And 3 + 3?")],
    "system": [system("Be brief."), user("Name a colour"), assistant("Blue"), user("Another\n\none")],
    "ends with assistant": [user("Complete: the sky is"), assistant(" The sky is blue and ")],
    "unicode": [user("Grüße 日本 😀 \"quoted\" 'single' <b>&amp;</b>\\n\t|")],
    "empty": [user(""), assistant(""), user(" ")],
    "two users": [user("a"), user("b")],
    "system twice": [system("First."), user("a"), system("Second /no_think"), user("b"), assistant("c")],
    "unknown role": [user("a"), {"role": "critic", "content": "b"}],
    "thinking": [user("q1"), assistant("<think>\nlong thought\n</think>\n\nanswer 1"), user("q2"),
                 assistant("answer 2", reasoning_content="\nreason\n")],
    "call": [user("Weather in Köln?"), assistant(None, tool_calls=[call("get_weather", {"city": "Köln", "days": 2})]),
             {"role": "tool", "name": "get_weather", "content": "{\"temp\": 21.5}", "tool_call_id": "abcdef123"},
             assistant("21.5 degrees.")],
    "calls": [system("Use tools."), user("Two things"),
              assistant("Let me see.", tool_calls=[call("now", {}), call("get_weather", {"city": "A", "fields": ["x", "y"]}, "123456789")]),
              {"role": "tool", "content": "noon", "tool_call_id": "abcdef123"},
              {"role": "tool", "content": "rain", "tool_call_id": "123456789"}],
    "parts": [user([{"type": "text", "text": "See "}, {"type": "image"}, {"type": "text", "text": "this"}]),
              assistant([{"type": "text", "text": "A cat"}])],
    "extras": [user("x"), assistant("code", metadata="interpreter", thinking="hm"), {"role": "observation", "content": "out"}],
    "replies": [dict(user("top"), replies=[assistant("first"), dict(assistant("second"), replies=[user("deep")])]), assistant("end")],
}
TOOLS = {"weather": [WEATHER], "all": [WEATHER, NOW, PARTS]}
DOCUMENTS = {"two": [{"title": "Tall penguins", "text": "Emperors are the tallest."}, {"title": "Habitat", "text": "They live in Antarctica only.", "score": 0.5}]}

# What every template is asked, and what some are asked besides.
COMMON = [{"messages": name, "add_generation_prompt": prompt} for name in CONVERSATIONS for prompt in (False, True)]
COMMON += [{"messages": "ends with assistant", "continue_final_message": True},
           {"messages": "parts", "continue_final_message": True},
           {"messages": "turns", "continue_final_message": True}]
WITH_TOOLS = [{"messages": name, "tools": tools, "add_generation_prompt": True} for name in ("one", "system", "call", "calls", "thinking")
              for tools in TOOLS]
WITH_DOCUMENTS = [{"messages": name, "documents": "two", "add_generation_prompt": True} for name in ("one", "system")]
MORE = [{"messages": "system", "more": {"enable_thinking": False}, "add_generation_prompt": True},
        {"messages": "one", "tools": "all", "documents": "two", "more": {"controls": {"citations": "on"}}, "add_generation_prompt": True},
        {"messages": "calls", "tools": "weather", "more": {"builtin_tools": ["get_weather", "code_interpreter"], "date_string": "1 May 2025",
                                                         "tools_in_user_message": False}},
        {"messages": "one", "more": {"citation_mode": "accurate", "reasoning_effort": "high", "model_identity": "Me."}, "documents": "two"},
        {"messages": "call", "more": {"bos_token": "[B]", "eos_token": ""}}]


def render(template, case):
    try:
        texts, _ = chat_template_utils.render_jinja_template(
            conversations=[CONVERSATIONS[case["messages"]]], tools=TOOLS.get(case.get("tools")),
            documents=DOCUMENTS.get(case.get("documents")), chat_template=template,
            add_generation_prompt=case.get("add_generation_prompt", False),
            continue_final_message=case.get("continue_final_message", False), **{**TOKENS, **case.get("more", {})})
        spans = []
        if "generation" in template and not case.get("continue_final_message"):
            _, found = chat_template_utils.render_jinja_template(
                conversations=[CONVERSATIONS[case["messages"]]], tools=TOOLS.get(case.get("tools")), chat_template=template,
                add_generation_prompt=case.get("add_generation_prompt", False), return_assistant_tokens_mask=True,
                **{**TOKENS, **case.get("more", {})})
            spans = [list(span) for span in found[0]]
        return {"text": texts[0], **({"spans": spans} if spans else {})}
    except Exception as e:  # A failure is an answer too.
        return {"error": type(e).__name__ + ": " + str(e)[:120]}


def main():
    chat_template_utils.datetime = Clock
    templates = {}
    for path in sorted((FOLDER / "templates").glob("*.jinja")):
        template = path.read_text(encoding="utf-8")
        cases = [{**case, **render(template, case)} for case in COMMON + WITH_TOOLS + WITH_DOCUMENTS + MORE]
        templates[path.stem] = cases
        print(f"{path.stem}: {len(cases)} cases, {sum('error' in case for case in cases)} fail")
    out = {"made_with": f"transformers {transformers.__version__}, jinja2 {jinja2.__version__}", "tokens": TOKENS,
           "conversations": CONVERSATIONS, "tools": TOOLS, "documents": DOCUMENTS}
    lines = json.dumps(out, ensure_ascii=False, indent=1)[:-2] + ',\n "templates": {\n'
    lines += ",\n".join(f"  {json.dumps(name)}: [\n" + ",\n".join("   " + json.dumps(case, ensure_ascii=False) for case in cases) + "\n  ]"
                        for name, cases in templates.items())
    (FOLDER / "cases.json").write_text(lines + "\n }\n}\n", encoding="utf-8")


main()
