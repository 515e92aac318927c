"""Pieces of Markdown that pages are made of."""


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in cells) + "\n"


def code(text: str, language: str = "text") -> str:
    """Return a block of code."""
    return f"```{language}\n{text}\n```\n"
