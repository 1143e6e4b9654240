"""The keys of agents and tools: what does the work, and what may be asked for from inside."""

from pointsman.language.schema.fields import (
    Anything,
    Choice,
    Field,
    Integer,
    Many,
    Of,
    Reference,
    Rendered,
    Section,
    Text,
    later,
)

_RISK = Field(
    "risk",
    Choice(("read_only", "write", "destructive")),
    "What it may do to the world. After a crash a `destructive` one is a question to a person, never simply run again.",
    "write",
    example="read_only",
)
_WORK = (
    Field(
        "python",
        Text(),
        "A function of your Python, as `module:function`; sync or async, called with the keys of `with` as keyword "
        "arguments in your own interpreter.",
        example='"agents.triage:classify"',
    ),
    Field(
        "command",
        Rendered("list"),
        "A program and its arguments; no shell. A list item that is one `${{ }}` and yields a list becomes several.",
        example='[ruff, check, "${{ args.files }}"]',
    ),
    Field("scripted", Many(Anything()), "Fixed results, one for each visit: for demonstrations and tests."),
)
_COMMAND = (
    Field(
        "parse",
        Choice(("json", "lines", "text")),
        "How the program's output becomes the result.",
        "text",
        only="command",
    ),
    Field("ok_exit", Many(Integer()), "The exit codes that count as success.", [0], only="command", example="[0, 1]"),
    Field("stdin", Rendered(), "What the program reads from its standard input.", only="command"),
    Field("limits", Of("program_limits"), "What one call may use.", only="command"),
)

AGENT = Section(
    "agent",
    "An agent",
    "Something that does work: a Python function, a program, a model, or a script of fixed results.",
    (
        *_WORK,
        Field("llm", Of("llm"), "A language model and its prompt."),
        later("http", "A request to a web service."),
        Field(
            "tools", Many(Reference("tool")), "The tools it may ask for; none when left out.", [], example="[search_kb]"
        ),
        _RISK,
        *_COMMAND,
    ),
    kinds=("python", "command", "scripted", "llm", "http"),
)

TOOL = Section(
    "tool",
    "A tool",
    "Something an agent may ask for while it works. Each call is journaled and counted.",
    (*_WORK, later("http", "A request to a web service."), _RISK, *_COMMAND),
    kinds=("python", "command", "scripted", "http"),
)

LLM = Section(
    "llm",
    "`llm`",
    "A language model as an agent.",
    (
        Field(
            "model",
            Text(),
            "Which model, as `provider:name`. This version knows `scripted:FILE`, which answers from a file.",
            required=True,
            example='"scripted:replies.yaml"',
        ),
        Field(
            "prompt",
            Reference("prompt"),
            "The prompt file, a template; `args` is what `with` gives.",
            example="prompts/draft.md",
        ),
        later("base_url", "Where the provider is found."),
        later("temperature", "How freely the model answers."),
        later("max_tokens", "How long an answer may be."),
    ),
)
