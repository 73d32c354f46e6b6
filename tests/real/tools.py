"""Three tools for every Python server here."""


def search(query: str) -> str:
    """Look something up."""
    return f"nothing about {query}"


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def echo(text: str, times: int = 1) -> str:
    """Say it again."""
    return text * times


TOOLS = [search, add, echo]
