"""Parts of docs/benchmarks.md that are measured by themselves, each between two marks of its own."""


def put(path, begin, end, text):
    """Puts a part, marks included, into the page, in place of an older one."""
    page = path.read_text()
    if begin in page:
        page = page[: page.index(begin)] + text.rstrip("\n") + page[page.index(end) + len(end):]
    else:
        page = page.rstrip("\n") + "\n\n" + text.rstrip("\n") + "\n"
    path.write_text(page)
