"""Agents that ask their run."""

import asyncio


def tool(ctx, name="search", value=1):
    return ctx.tool(name, q=value)


async def tool_async(ctx, name="search", value=1):
    return await ctx.tool(name, q=value)


async def many(ctx, count):
    return await asyncio.gather(*(ctx.tool("search", q=number) for number in range(count)))


def llm(ctx):
    return ctx.llm("small", "hello")


def handles(ctx):
    try:
        return ctx.tool("search")
    except ctx.ToolError as error:
        return [error.name, error.klass, error.code, error.message]


async def leaves_early(ctx):
    task = asyncio.ensure_future(ctx.tool("search"))
    await asyncio.sleep(0)
    return task.done()


def about(ctx):
    ctx.progress("half", 0.5)
    ctx.progress("unknown", float("nan"))
    return [ctx.stage, ctx.attempt, ctx.key, ctx.deadline is not None and 0 < ctx.deadline <= 5, ctx.cancelled]


def own_ctx(ctx="mine"):
    return ctx if isinstance(ctx, str) else "given"


def strange(ctx):
    return ctx.tool("search", q={1})


def nested(ctx):
    print("before")
    inner = ctx.tool("inner")
    print("after")
    return inner
