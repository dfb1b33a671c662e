"""A client of MCP, unchanged: python mcp_client.py MODE (http URL [KEY] | stdio PROGRAM ARGUMENT...) < EXPECTATIONS"""

import asyncio
import json
import sys

from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from outcome import check

TOOLS = {"search": {"query"}, "get": {"id"}, "status": set()}
UNIONS = {"anyOf", "oneOf", "allOf", "$ref", "$defs", "not"}
MOST_BYTES = 3000
MOST_ANSWER = 300_000


def target(kind, address, *rest):
    if kind == "stdio":
        return StdioServerParameters(command=address, args=rest)
    if rest:
        import httpx2

        return streamable_http_client(address, http_client=httpx2.AsyncClient(headers={"Authorization": f"Bearer {rest[0]}"}))
    return address


def words(schema):
    """All keywords and types of a schema."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            yield key
            if key == "type":
                yield value if isinstance(value, str) else "several types"
            yield from words(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from words(value)


def body(result):
    """What a tool answered, as structured content or as JSON in its text; else the text."""
    if result.structured_content:
        return result.structured_content
    text = "".join(part.text for part in result.content)
    try:
        return json.loads(text)
    except ValueError:
        return text


async def fails(client, name, tool, arguments):
    """A wrong call is an error with a message: of the tool, or of the protocol."""
    try:
        result = await client.call_tool(tool, arguments)
    except MCPError as error:
        check(name, error.error.message, error)
        return
    text = "".join(part.text for part in result.content)
    check(name, result.is_error and text, result)


async def tools(client):
    listed = (await client.list_tools()).tools
    check("the tools are search, get and status", {tool.name for tool in listed} == set(TOOLS), [tool.name for tool in listed])
    for tool in listed:
        schema = tool.input_schema
        check(
            f"the schema of {tool.name} is plain",
            schema["type"] == "object" and not (UNIONS | {"several types"}) & set(words(schema)),
            schema,
        )
        check(f"{tool.name} requires what it needs", set(schema.get("required", [])) == TOOLS[tool.name], schema)
        check(f"{tool.name} is described", tool.description, tool)
        check(
            f"{tool.name} is said to be read-only", tool.annotations and tool.annotations.read_only_hint is True, tool.annotations
        )
        check(f"{tool.name} takes no path", not {"path", "file", "dir", "folder"} & set(schema.get("properties", {})), schema)
        if tool.output_schema:
            check(
                f"the schema of what {tool.name} answers is plain", not UNIONS & set(words(tool.output_schema)), tool.output_schema
            )
    size = sum(len(tool.model_dump_json(exclude_none=True, by_alias=True)) for tool in listed)
    check(f"the tools take at most {MOST_BYTES} bytes of a reader's context", size <= MOST_BYTES, size)
    print(json.dumps(["note", None, f"the tools take {size} bytes"]))
    where = next(tool for tool in listed if tool.name == "search").input_schema["properties"]["where"]
    return (lambda text: [text]) if where["type"] == "array" else (lambda text: text)


async def calls(client, wanted, condition):
    result = await client.call_tool("search", {"query": wanted["query"], "k": 3})
    found = body(result)
    check("search finds", not result.is_error and wanted["first"] in json.dumps(found), found)
    check(
        "a result has its source and line",
        wanted["source"] in json.dumps(found) and '"line"' in json.dumps(found) or f"{wanted['source']}:" in str(found),
        found,
    )
    check(
        "the text of a result is there for clients without structured content",
        any(wanted["first"] in part.text for part in result.content),
        result.content,
    )
    for by in ("meaning", "words", "both"):
        found = await client.call_tool("search", {"query": wanted["query"], "by": by, "k": 1})
        check(f"search by {by} finds", not found.is_error and wanted["source"] in str(body(found)), found)
    filtered = str(body(await client.call_tool("search", {"query": "bees", "where": condition(wanted["where"]), "k": 5})))
    check("search takes a filter", "papers.jsonl" in filtered and "guide.md" not in filtered, filtered)
    got = await client.call_tool("get", {"id": wanted["id"]})
    check("get gives the text of an id", not got.is_error and wanted["text"] in str(body(got)), got)
    status = await client.call_tool("status", {})
    check("status names the index", not status.is_error and wanted["index"] in str(body(status)), status)
    await fails(client, "get of an unknown id is an error", "get", {"id": "nowhere.txt:1"})
    await fails(client, "get of a path is an error", "get", {"id": "/etc/passwd"})
    await fails(client, "search without a query is an error", "search", {})
    await fails(client, "search for a number is an error", "search", {"query": 5})
    many = await client.call_tool("search", {"query": "bees", "k": 100000})
    check("k above the limit is an error, or bounded", many.is_error or len(str(body(many))) < MOST_ANSWER, many)
    await fails(client, "search of an unknown index is an error", "search", {"query": "bees", "index": "nowhere"})
    await fails(
        client, "a filter that cannot be parsed is an error", "search", {"query": "bees", "where": condition(wanted["wrong"])}
    )
    await fails(client, "an unknown tool is an error", "delete", {})
    again = await client.call_tool("search", {"query": wanted["query"], "k": 1})
    check("after errors it still answers", not again.is_error and wanted["first"] in str(body(again)), again)
    both = await asyncio.gather(
        *(client.call_tool("search", {"query": f"{wanted['query']} {number}", "k": 1}) for number in range(16))
    )
    check("16 calls at once are answered", all(not result.is_error for result in both))


def introduction(client):
    """A client of a fixed revision asks for none."""
    info, declared = client.server_info, client.server_capabilities
    check("it names itself", info and info.name and info.version, info)
    others = [declared.resources, declared.prompts, declared.completions, declared.logging]
    check("it declares tools, and nothing that it has not", declared.tools is not None and not any(others), declared)


async def main():
    mode, *rest = sys.argv[1:]
    wanted = json.load(sys.stdin)
    async with Client(target(*rest), mode=mode, read_timeout_seconds=30) as client:
        check("it speaks the revision", client.protocol_version.startswith(wanted["revision"]), client.protocol_version)
        if mode in ("legacy", "auto"):
            introduction(client)
        condition = await tools(client)
        await calls(client, wanted, condition)


asyncio.run(main())
