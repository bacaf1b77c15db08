"""Which names of classes are allowed: they stand in tables, plots, HTML pages, file names of exports and MLflow metrics."""

from unicodedata import category

from segmend.images.rasters import MAX_CLASSES

LONGEST = 100  # characters


def checked_names(names: tuple[str, ...], where: str) -> None:
    """Raises ValueError for too many classes, a name twice, or a name that cannot be shown; `where` says who names them.

    Any script and any sign is allowed: whoever shows a name escapes it. Control characters, marks that turn the direction
    of text, and names that differ in blanks only are not.
    """
    if len(names) > MAX_CLASSES:
        raise ValueError(f"{where} names {len(names)} classes; at most {MAX_CLASSES} are allowed: merge the rare ones")
    seen: dict[str, str] = {}
    for number, name in enumerate(names):
        shown = name if len(name) <= 40 else f"{name[:40]}..."
        if not name.strip():
            raise ValueError(f"{where} gives class {number} an empty name: name it")
        if len(name) > LONGEST:
            raise ValueError(
                f"{where} names the class '{shown}' with {len(name)} characters; at most {LONGEST} are allowed: shorten it"
            )
        strange = next((sign for sign in name if category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp")), None)
        if strange is not None and strange not in "\u200c\u200d":  # joiners are spelling in Persian and Indic scripts
            raise ValueError(
                f"{where} names the class {name!r} with the control character U+{ord(strange):04X}: remove it from the name"
            )
        before = seen.setdefault(" ".join(name.split()), name)
        if before is not name or name in names[:number]:
            which = f"'{shown}' twice" if before == name else f"'{before}' and '{shown}', which differ in blanks only"
            raise ValueError(f"{where} names the class {which}: give every class its own name")
