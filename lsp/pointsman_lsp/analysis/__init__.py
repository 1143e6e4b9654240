"""Texts as one client has them open, and what the engine's analysis says of them at one moment."""
