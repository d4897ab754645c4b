"""The annotation document, its edits, rules and history; numpy and the standard library only."""
