"""Sorting tickets by what the person wants."""

WORDS = {"refund": ("refund", "money back", "chargeback"), "access": ("password", "login", "locked")}


def classify(text: str) -> dict:
    """The intent (refund, access or question) and a one-line summary."""
    lower = text.lower()
    intent = next((name for name, words in WORDS.items() if any(word in lower for word in words)), "question")
    return {"intent": intent, "summary": text.strip().splitlines()[0][:80] if text.strip() else ""}
